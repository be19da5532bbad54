// the marks and transforms that src/regenesis/pages/static/page.js draws with; what is not named here is not shipped
export { axisX, axisY, barX, cell, dot, frame, gridX, lineY, plot, pointer, pointerX, rectY, ruleX, ruleY, stackX, stackY, text, tip } from "@observablehq/plot";
