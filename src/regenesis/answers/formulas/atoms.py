r"""The things a formula is made of: numbers, names, functions, bracketed groups, matrices.

What binds them together (sums, products, relations) is the parser's business, which builds on `Atoms`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from regenesis.answers.formulas.nodes import FUNCTIONS, GREEK, Node, number_node
from regenesis.answers.formulas.tokens import END, Token, Unreadable
from regenesis.answers.numerals import numeral_value

DEEPEST = 24
_MOST_DIGITS = 400
_MARKS = ("vec", "hat", "overline", "overrightarrow", "tilde", "angle", "triangle", "widehat")
_CLOSERS = {"(": ")]", "[": ")]", "\\{": ("\\}",), "{": "}", "langle": ("rangle",)}


class Cursor:
    """A place in a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0
        self.bars = 0

    def peek(self, ahead: int = 0) -> Token:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else END

    def at(self, *texts: str) -> bool:
        token = self.peek()
        return token.kind in ("sign", "name") and token.text in texts

    def take(self) -> Token:
        token = self.peek()
        self.position += 1
        return token

    def expect(self, *texts: str) -> Token:
        if not self.at(*texts):
            raise Unreadable(self.peek().text)
        return self.take()


class Atoms(Cursor, ABC):
    """Reads one thing at a time."""

    @abstractmethod
    def listing(self, brackets: str) -> Node: ...

    @abstractmethod
    def relation(self) -> Node: ...

    @abstractmethod
    def sum(self) -> Node: ...

    @abstractmethod
    def factor(self) -> Node: ...

    @abstractmethod
    def starts_factor(self) -> bool: ...

    def base(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return self.number(token)
        if token.kind == "words":
            return self.words(token)
        if token.kind == "name":
            return self.name(token.text)
        if token.kind == "sign" and token.text in ("(", "[", "{", "\\{"):
            self.position -= 1
            return self.group(token.text)
        if token.text == "|":
            self.bars += 1
            inside = self.sum()
            self.bars -= 1
            self.expect("|")
            return Node("call", (inside,), "abs")
        raise Unreadable(token.text or "end")

    def words(self, token: Token) -> Node:
        found = [token.text]
        while self.peek().kind == "words":
            found.append(self.take().text)
        return Node("words", value=" ".join(found).casefold())

    def number(self, token: Token) -> Node:
        if len(token.text) > _MOST_DIGITS:
            raise Unreadable("too many digits")
        if self.at("_"):
            self.take()
            base = self.argument()
            spelled = numeral_value(str(base.value)) if base.op == "words" else None
            return Node("based", (base if spelled is None else number_node(spelled),), token.text)
        if self.at("overline") or (self.at(".") and self.peek(1).text == "overline"):
            return self.repeating(token.text)
        value = Fraction(token.text)
        following = self.peek()
        if following.text == "frac" and value.denominator == 1 and (part := self.proper_fraction()) is not None:
            return number_node(value + part)
        if (
            following.kind == "number"
            and not following.glued
            and self.peek(1).text == "/"
            and self.peek(2).kind == "number"
        ):
            part = Fraction(Fraction(following.text), Fraction(self.peek(2).text) or 1)
            if "." not in token.text and 0 < part < 1:
                self.position += 3
                return number_node(value + part)
        return number_node(value)

    def proper_fraction(self) -> Fraction | None:
        """The fraction of a mixed number, if what follows is one; nothing is taken otherwise."""
        start, tokens = self.position, list(self.tokens)
        self.take()
        top, bottom = self.digit_or_argument(), self.digit_or_argument()
        if isinstance(top.value, Fraction) and isinstance(bottom.value, Fraction) and 0 < top.value < bottom.value:
            return top.value / bottom.value
        self.position, self.tokens = start, tokens
        return None

    def repeating(self, before: str) -> Node:
        if self.at("."):
            self.take()
            before += "."
        self.take()
        digits = self.group_digits()
        whole, _, decimals = before.partition(".")
        if "." not in before:
            raise Unreadable("overline")
        shift = 10 ** len(decimals)
        head = Fraction(int(whole + decimals or "0"), shift)
        return number_node(head + Fraction(int(digits), (10 ** len(digits) - 1) * shift))

    def group_digits(self) -> str:
        if self.at("{"):
            self.take()
            token = self.take()
            self.expect("}")
        else:
            token = self.take()
        if token.kind != "number" or not token.text.isdigit():
            raise Unreadable("overline")
        return token.text

    def argument(self) -> Node:
        """What a command or `^` works on: a braced group, or the one thing that follows."""
        if self.at("{"):
            return self.group("{")
        if self.at("-", "+"):
            return self.signed(self.take().text, self.argument())
        return self.base()

    def digit_or_argument(self) -> Node:
        r"""What `\frac` works on: unbraced it is one digit, as in `\frac13`; elsewhere the whole number is taken."""
        token = self.peek()
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.tokens[self.position] = Token("number", token.text[1:])
            return number_node(int(token.text[0]))
        return self.argument()

    def argument_or_degree(self) -> None:
        closing = self.at("{")
        self.position += 2 if closing else 1
        if closing:
            self.expect("}")

    @staticmethod
    def signed(sign: str, node: Node) -> Node:
        if sign == "-":
            return Node("negate", (node,))
        return Node("plusminus", (node,)) if sign in ("pm", "mp") else node

    def group(self, opener: str) -> Node:
        self.take()
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("nested too deeply")
        bars, self.bars = self.bars, 0
        if opener == "\\{" and self.at("\\}"):
            self.take()
            inside = Node("emptyset")
        else:
            condition = self.described() if opener == "\\{" else None
            inside = condition or self.listing("?")
            if self.at("choose", "over"):
                operation = self.take().text
                parts = (inside, self.listing("?"))
                inside = Node("divide", parts) if operation == "over" else Node("call", parts, "binom")
            closer = self.expect(*_CLOSERS[opener]).text
            inside = condition or self.bracketed(opener, closer, inside)
        self.bars = bars
        self.depth -= 1
        return inside

    def described(self) -> Node | None:
        """The condition of a set written as `x | x > 3` or `x in R : x > 3`; nothing is taken where there is none."""
        start = self.position
        name = self.take()
        real = self.at("in") and self.peek(1).text == "mathbb"
        if real:
            self.position += 2
            real = self.subscript() == "R"
        if name.kind != "name" or len(name.text) != 1 or not self.at("|", "mid", ":"):
            self.position = start
            return None
        self.take()
        condition = self.listing("")
        first = condition.parts[0] if condition.op == "sequence" else condition
        if first.op not in ("relation", "in") or Node("symbol", value=name.text) not in first.parts:
            raise Unreadable("set")
        return condition

    @staticmethod
    def bracketed(opener: str, closer: str, inside: Node) -> Node:
        listed = inside.op == "sequence" and inside.value == "?"
        if opener == "\\{":
            return Node("sequence", inside.parts if listed else (inside,), "set")
        if not listed:
            if opener + closer in ("(]", "[)"):
                raise Unreadable(opener)
            return inside
        return Node("sequence", inside.parts, "()" if opener == "langle" else opener + closer)

    def name(self, name: str) -> Node:
        if name in FUNCTIONS:
            return self.function(name)
        if name == "frac":
            return Node("divide", (self.digit_or_argument(), self.digit_or_argument()))
        if name == "sqrt":
            return self.root()
        if name == "binom":
            return Node("call", (self.digit_or_argument(), self.digit_or_argument()), "binom")
        if name in ("infty", "emptyset"):
            return Node("infinity" if name == "infty" else name)
        if name == "mathbb":
            return Node("numberset", value=self.subscript())
        if name == "begin":
            return self.matrix()
        if name == "langle":
            self.position -= 1
            return self.group("langle")
        if name in ("lfloor", "lceil"):
            inside = self.sum()
            self.expect("r" + name[1:])
            return Node("call", (inside,), "floor" if name == "lfloor" else "ceil")
        if name in _MARKS:
            return self.symbol(name + " " + self.letters())
        if name == "pi" or len(name) == 1 or name in GREEK:
            return self.symbol(name)
        raise Unreadable(name)

    def letters(self) -> str:
        """The letters under a mark or behind an angle sign: they name one thing and are no product."""
        if self.at("{"):
            return self.subscript()
        found = [self.take().text]
        while self.peek().kind == "name" and len(self.peek().text) == 1 and self.peek().glued:
            found.append(self.take().text)
        return "".join(found)

    def symbol(self, name: str) -> Node:
        if self.at("_"):
            self.take()
            name += "_" + self.subscript()
        if name in ("f", "g", "h") and self.at("("):
            return Node("call", (self.group("("),), name)
        return Node("symbol", value=name)

    def subscript(self) -> str:
        if not self.at("{"):
            return self.take().text
        self.take()
        parts: list[str] = []
        while not self.at("}"):
            token = self.take()
            if token is END or token.text == "{":
                raise Unreadable("subscript")
            parts.append(token.text)
        self.take()
        return "".join(parts)

    def root(self) -> Node:
        degree = number_node(2)
        if self.at("[") and self.has_closing_bracket():
            self.take()
            degree = self.sum()
            self.expect("]")
        inside = self.argument()
        return Node("call", (inside, degree), "root")

    def has_closing_bracket(self) -> bool:
        return any(token.text == "]" for token in self.tokens[self.position : self.position + 8])

    def function(self, name: str) -> Node:
        power: Node | None = None
        base: Node | None = None
        if self.at("_"):
            self.take()
            base = self.argument()
        if self.at("^"):
            self.take()
            power = self.argument()
        argument = self.group(self.peek().text) if self.at("(", "{", "[") else self.bare_argument()
        parts = argument.parts if argument.op == "sequence" else (argument,)
        if power is not None and power == Node("negate", (number_node(1),)) and "a" + name in FUNCTIONS:
            return Node("call", parts, "a" + name)
        node = Node("call", parts, name)
        if base is not None:
            if name != "log":
                raise Unreadable(name)
            node = Node("divide", (Node("call", parts, "ln"), Node("call", (base,), "ln")))
        return node if power is None else Node("power", (node, power))

    def bare_argument(self) -> Node:
        """The argument of a function written without brackets: a product up to the next function or sign."""
        sign = self.take().text if self.at("-") else "+"
        node = self.factor()
        while self.starts_factor() and self.peek().text not in FUNCTIONS and not self.at("(", "[", "{"):
            node = Node("multiply", (node, self.factor()))
        if self.at("/") and self.peek(1).kind == "number":
            self.take()
            node = Node("divide", (node, self.factor()))
        return self.signed(sign, node)

    def matrix(self) -> Node:
        rows: list[Node] = []
        cells: list[Node] = []
        while not self.at("end"):
            if self.at("&"):
                self.take()
            elif self.at("\\\\"):
                self.take()
                if cells:
                    rows.append(Node("row", tuple(cells)))
                cells = []
            elif self.peek() is END:
                raise Unreadable("matrix")
            else:
                cells.append(self.relation())
        self.take()
        if cells:
            rows.append(Node("row", tuple(cells)))
        if not rows or len({len(row.parts) for row in rows}) != 1:
            raise Unreadable("matrix")
        return Node("matrix", tuple(rows))
