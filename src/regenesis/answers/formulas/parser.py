r"""Builds a tree from a formula: numbers, expressions, tuples, sets, intervals, relations, matrices.

parse_formula(r"x \in [1, \infty)")  # Node("in", (Node("symbol", value="x"), Node("sequence", ..., value="[)")))
"""

from __future__ import annotations

from regenesis.answers.characters import names
from regenesis.answers.formulas.atoms import DEEPEST, Atoms
from regenesis.answers.formulas.nodes import RELATIONS, SET_OPERATIONS, Node
from regenesis.answers.formulas.tokens import END, Unreadable, tokens_of

_ENDS_PRODUCT = (
    names("and or in mid rangle end choose over pm mp pmod bmod mod rfloor rceil degree")
    | RELATIONS
    | SET_OPERATIONS.keys()
)


def parse_formula(text: str) -> Node:
    """The tree of a formula.

    Raises:
        Unreadable: It is not a formula of the kinds that `nodes` lists, or is larger than the limits allow.
    """
    return _Parser(tokens_of(text)).whole()


class _Parser(Atoms):
    """Recursive descent over tokens, one method a level of binding; depth is limited."""

    def whole(self) -> Node:
        if not self.tokens:
            raise Unreadable("empty")
        while self.at("approx", "="):
            self.take()
        node = self.listing("")
        if self.peek() is not END:
            raise Unreadable(self.peek().text)
        return node

    def listing(self, brackets: str) -> Node:
        """Items between commas or the words and, or; one item alone is itself."""
        items = [self.relation()]
        while self.at(",", ";", "and", "or"):
            while self.at(",", ";", "and", "or"):
                brackets = "and" if self.take().kind == "name" and not brackets else brackets
            items.append(self.relation())
        if len(items) == 1:
            return items[0]
        return Node("sequence", tuple(items), brackets)

    def relation(self) -> Node:
        sides = [self.set_expression()]
        signs: list[str] = []
        while self.peek().text in RELATIONS and self.peek().kind in ("sign", "name"):
            signs.append(self.take().text)
            sides.append(self.set_expression())
        if signs and self.at("pmod"):
            self.take()
            return Node("modulo", (*sides, self.argument()), " ".join(signs))
        if signs:
            return Node("relation", tuple(sides), " ".join(signs))
        if self.at("in"):
            self.take()
            return Node("in", (sides[0], self.set_expression()))
        return sides[0]

    def set_expression(self) -> Node:
        node = self.sum()
        while self.peek().kind == "name" and self.peek().text in SET_OPERATIONS:
            operation = SET_OPERATIONS[self.take().text]
            node = Node(operation, (node, self.sum()))
        return node

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")
        terms: list[Node] = []
        sign = self.take().text if self.at("+", "-", "pm", "mp") else "+"
        node = self.signed(sign, self.term())
        terms.append(node)
        while self.at("+", "-", "pm", "mp"):
            sign = self.take().text
            terms.append(self.signed(sign, self.term()))
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Node("add", tuple(terms))

    def term(self) -> Node:
        node = self.factor()
        while True:
            if self.at("*"):
                self.take()
                node = Node("multiply", (node, self.signed_factor()))
            elif self.at("/"):
                self.take()
                node = Node("divide", (node, self.signed_factor()))
            elif self.at(":") and self.peek(1).kind == "number":
                self.take()
                node = Node("ratio", (node, self.factor()))
            elif self.starts_factor() or (self.peek().kind == "number" and node.op in ("power", "multiply")):
                node = Node("multiply", (node, self.factor()))
            else:
                return self.without_unit(node)

    def without_unit(self, node: Node) -> Node:
        """Words behind an expression are its unit, with or without an exponent."""
        if self.peek().kind != "words":
            return node
        while self.peek().kind == "words":
            self.take()
            if self.at("^"):
                self.take()
                self.argument()
            if self.at("/", "*") and self.peek(1).kind == "words":
                self.take()
        return node

    def signed_factor(self) -> Node:
        if self.at("-"):
            self.take()
            return Node("negate", (self.factor(),))
        if self.at("+"):
            self.take()
        return self.factor()

    def starts_factor(self) -> bool:
        token = self.peek()
        if token.kind == "number":
            return False
        if token.kind == "name":
            return token.text not in _ENDS_PRODUCT
        return token.kind == "sign" and (token.text in ("(", "[", "{", "\\{") or (token.text == "|" and not self.bars))

    def factor(self) -> Node:
        node = self.base()
        while True:
            if self.at("^"):
                self.take()
                if self.at("degree") or (self.at("{") and self.peek(1).text == "degree"):
                    self.argument_or_degree()
                    node = Node("degrees", (node,))
                else:
                    node = Node("power", (node, self.argument()))
            elif self.at("!"):
                self.take()
                node = Node("factorial", (node,))
            elif self.at("degree"):
                self.take()
                node = Node("degrees", (node,))
            elif self.at("%"):
                self.take()
                node = Node("percent", (node,))
            elif self.at("'"):
                self.take()
                node = Node("call", (node,), "prime")
            else:
                return node
