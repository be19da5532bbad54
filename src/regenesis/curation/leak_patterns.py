r"""The wordings by which a path gives away what it was led by.

Regular expressions for texts in lower case, `^` at each line, a space standing for any white space. Each starts at a
line (`^`) or at a word (`\b`), and comes after words of which a text says one wherever it matches, which spares most of
them being tried. They name a way of talking, not mere words: "the structure of the molecule", "a hint of lemon" or "a
business plan" are no leaks. `(?P<excuse>…)` is the part that excuses the match if the question says it too; without it,
all of the match is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

Source = Literal["hint", "structure", "guideline", "prompt", "scaffold"]

_LEAD = r"[^\w\n]{0,8}"
"""Markup around a heading."""
_THE = r"(?:the|this|that|these|our|your)"
_GIVEN = r"(?:given|provided|supplied|known|expected|stated|reference|target|gold(?:en)?|ground(?:-| )truth)"
_SHOWN = r"(?:given|provided|supplied|above|adapted|suggested|proposed|outlined|specified|prescribed)"
_STRUCTURES = "structure framework outline template scaffold scaffolding blueprint roadmap"
_STRUCTURE = r"(?:structure|framework|outline|template|scaffold(?:ing)?|blueprint|roadmap)"
_FOLLOW = (
    r"(?:follow(?:s|ing|ed)?|us(?:e|es|ed|ing)|according to|appl(?:y|ies|ying)|adher(?:e|es|ing) to"
    r"|stick(?:s|ing)? to|in line with|guided by)"
)
_UNDER = rf"(?:{_FOLLOW}|based on|per|under|with|from|by)"
_SUGGESTS = (
    r"(?:suggests?|says?|states?|requires?|asks?|tells?|recommends?|outlines?|instructs?|advises?|directs?|indicates?)"
)
_IS = r"(?:is|was|to be|must be|should be)"
_MATCHES = (
    r"(?:match(?:es|ed|ing)?|agree(?:s|ing)? with|consistent with|align(?:s|ed|ing)? with|in line with"
    r"|compar(?:e|es|ed|ing) (?:\w+ )?(?:to|with))"
)
_ELSEWHERE = r"(?! (?:of|for|in|from|by|to|that)\b)"
"""What follows where the word has its ordinary sense: "the structure of a cell", "guidelines issued by"."""

PATTERNS: Mapping[Source, Sequence[tuple[str, str]]] = {
    "hint": [
        ("hint hints", rf"\b{_THE} (?:\w+ )?(?P<excuse>hints?)\b(?! of\b)"),
        ("hint", rf"^{_LEAD}(?P<excuse>hint){_LEAD}:"),
        ("hinted", r"\bas (?P<excuse>hinted)\b"),
        (
            "given provided supplied known expected stated reference target gold golden ground",
            rf"\b{_THE} (?P<excuse>{_GIVEN} (?:(?:correct|final|right) )?answer)\b(?! (?:choices?|options?))",
        ),
        (
            "correct right actual true",
            rf"\b(?:given|provided|knowing|assuming|told|know|known|since|as) (?:that )?"
            rf"the (?:correct|right|actual|true) answer {_IS}\b",
        ),
        (
            "given knowing told informed know",
            rf"\b(?:given|knowing|told|informed|know) (?:that )?(?P<excuse>the (?:final )?answer) {_IS}\b",
        ),
        (
            "given provided supplied",
            r"\bthe (?:(?:correct|right|final) )?answer (?:(?:is|was|has been|we were|that was|that is) )?(?:already )?"
            r"(?:given|provided|supplied)\b(?! (?:by|that|the|in the (?:passage|text|table))\b)",
        ),
        ("correct right", rf"\b{_MATCHES} the (?:correct|right) answer\b"),
        ("back backward backwards", r"\bback(?:wards?)? from the (?:\w+ )?answer\b"),
    ],
    "structure": [
        (
            "reasoning",
            r"\b(?P<excuse>reasoning (?:structure|plan|framework|outline|template|scaffold|path|blueprint))\b",
        ),
        (
            "given provided supplied above adapted suggested proposed outlined specified prescribed",
            rf"\b{_THE} {_SHOWN} (?P<excuse>{_STRUCTURE}|plan|approach|steps|methodology)\b{_ELSEWHERE}",
        ),
        (
            "given provided supplied above gave",
            rf"\b{_THE} (?P<excuse>{_STRUCTURE}|plan|steps) (?:(?:that )?(?:is|are|was|were|you) )?"
            rf"(?:given|provided|supplied|outlined above|above|gave)\b{_ELSEWHERE}",
        ),
        (
            _STRUCTURES,
            rf"\b{_FOLLOW} {_THE} (?P<excuse>{_STRUCTURE})\b{_ELSEWHERE}",
        ),
        (
            "plan",
            rf"\b(?:follow(?:s|ing|ed)?|according to|stick(?:ing)? to|as per|per) the (?P<excuse>plan)\b{_ELSEWHERE}",
        ),
        (
            f"{_STRUCTURES} plan",
            rf"\b(?:step|part|point|stage|item|section)s? (?:#?\d+ |(?:one|two|three|four|five) )?(?:of|in|from) "
            rf"{_THE} (?:\w+ )?(?P<excuse>{_STRUCTURE}|plan)\b{_ELSEWHERE}",
        ),
        (
            f"{_STRUCTURES} plan",
            rf"\bas {_THE} (?P<excuse>{_STRUCTURE}|plan) {_SUGGESTS}\b",
        ),
        (
            f"{_STRUCTURES} plan",
            rf"\b(?:outlined|described|specified|given|stated|listed) in {_THE} (?P<excuse>{_STRUCTURE}|plan)\b"
            rf"{_ELSEWHERE}",
        ),
        (
            _STRUCTURES,
            rf"\bthe (?P<excuse>{_STRUCTURE}) (?:asks|tells|instructs)\b",
        ),
        ("structure outline", rf"^{_LEAD}(?P<excuse>structure|outline){_LEAD}:{_LEAD}$"),
    ],
    "guideline": [
        (
            "guideline guidelines",
            r"\b(?P<excuse>(?:adapted|general|task(?:-| )specific|reasoning|above|provided|given) guidelines?)\b",
        ),
        (
            "guideline guidelines",
            rf"\b{_UNDER} {_THE} (?:\w+ )?(?P<excuse>guidelines?)\b(?! (?:of|for|from|by|issued|set|published)\b)",
        ),
        ("guideline guidelines", rf"\b{_THE} (?P<excuse>guideline)s? {_SUGGESTS}\b"),
        ("guideline guidelines", rf"^{_LEAD}(?P<excuse>guidelines?)(?: for this task)?{_LEAD}:"),
    ],
    "prompt": [
        (
            "user",
            r"\bthe (?P<excuse>user)(?:['’]s)? (?:asks?|asked|wants?|wanted|is asking|has asked|needs|requests?"
            r"|requested|provided|gave|said|says|question|query|prompt|request|message|instructions?)\b",
        ),
        (
            "you",
            r"\byou(?: have|['’]ve)? (?:just )?"
            r"(?:asked|told|gave|given|provided|requested|instructed|wanted|want) me\b",
        ),
        ("you", r"\byou(?: have|['’]ve) (?:asked|provided|requested|instructed)\b"),
        ("you your", r"\bas (?:per your request|you (?:asked|requested|instructed|specified))\b"),
        ("requested instructed", r"\bas (?:requested\b(?! by)|instructed\b(?! (?:by|to)))"),
        ("prompt", r"\b(?:your|this|the) (?P<excuse>prompt)\b(?! (?:payment|action|delivery|service|response))"),
        (
            "instruction instructions request",
            rf"\b(?:per|according to|following|based on) (?:the|your) (?:{_SHOWN} )?(?P<excuse>instructions?|request)\b"
            rf"{_ELSEWHERE}",
        ),
        (
            "instruction instructions",
            r"\bthe (?P<excuse>instruction)s? (?:says?|asks?|states?|tells?|requires?|wants?)\b",
        ),
        ("ai language", r"\bas an? (?:ai|(?:large )?language model)\b"),
        ("asked told instructed", r"\bi(?: was| am| have been|['’]m) (?:asked|told|instructed) to\b"),
        ("format", r"\bin the (?:required|requested|specified|desired) (?P<excuse>(?:output )?format)\b"),
        (
            "put puts putting place places placed placing enclose encloses enclosed enclosing write writes writing"
            " present presents presented presenting",
            r"\b(?:put(?:s|ting)?|plac(?:e|es|ed|ing)|enclos(?:e|es|ed|ing)|writ(?:e|es|ing)|present(?:s|ed|ing)?)"
            r" (?:\w+ ){1,5}(?:in|inside|within) (?:a |the )?\\?boxed\b",
        ),
        (
            "write state give provide report present output enclose put",
            r"\b(?:write|state|give|provide|report|present|output|enclose|put)(?: down)? (?:the|your) "
            r"(?:(?:final|correct|right) )?(?:answer|letter|option|result)\b[^.\n]{0,30}? "
            r"(?:as an? (?:(?:single|whole) )?(?:number|letter|integer|word)"
            r"|on (?:the|a) (?:last|final|new|separate) line|in an? box|in the (?:required|requested|right) form"
            r"|in the form that)\b",
        ),
    ],
}
