"""A folder of Jinja2 templates, checked before anything is asked.

    templates = TemplateFolder("prompt set mine", files, {"adapt": frozenset({"question", "guideline"})})
    templates.render("adapt", question=question, guideline="…")

Templates may come from anywhere, hence the sandbox. What each may name is known beforehand, so that a misspelt value is
an error at the start of a run and not in its middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regenesis.errors import ConfigError

if TYPE_CHECKING:
    import jinja2

_GLOBALS = frozenset({"range", "dict", "lipsum", "cycler", "joiner", "namespace"})
"""Names that every Jinja2 template has."""


class TemplateFolder:
    """The templates of one folder.

    Args:
        name: What the folder is called in errors.
        files: Text of each file by its name; those that do not end in `.j2` are passed over.
        values: For each template to be rendered, by its name without ending, the values it is rendered with.

    Raises:
        ConfigError: A template is missing, is not valid, or names a value that it is not rendered with.
    """

    def __init__(self, name: str, files: Mapping[str, str], values: Mapping[str, frozenset[str]]) -> None:
        self._name = name
        from regenesis.prompts import sandbox

        self._sandbox = sandbox
        environment = sandbox.make_environment(files)
        for template in values:
            if f"{template}.j2" not in files:
                raise ConfigError(f"{name}: has no template {template}.j2.")
        self._needs = {
            file: _needs(name, file, environment, text) for file, text in files.items() if file.endswith(".j2")
        }
        for template, known in values.items():
            self._check_values(template, known)
        self._templates = {template: environment.get_template(f"{template}.j2") for template in values}

    def render(self, template: str, **values: Any) -> str:
        """A template's text, without white space around it.

        Raises:
            ConfigError: It fails on these values.
        """
        try:
            return self._sandbox.render(self._templates[template], values).strip()
        except Exception as error:
            # a template may do anything its author thought of: divide by zero, mix types, call itself
            line = self._sandbox.line_of(error)
            where = f"{self._name}, {template}.j2" + (f" line {line}" if line else "")
            why = (str(error) or type(error).__name__)[:300].rstrip(".")
            raise ConfigError(f"{where}: {why}. Values there: {', '.join(sorted(values))}.") from error

    def names(self, template: str) -> frozenset[str]:
        """The values that a template, or one that it includes, names."""
        return frozenset[str]().union(*(self._needs[file].values for file in self.files_of(template)))

    def files_of(self, template: str) -> list[str]:
        """The files that a template is rendered from: its own, and those that it includes."""
        waiting, found = [f"{template}.j2"], list[str]()
        while waiting:
            file = waiting.pop()
            if file not in self._needs:
                raise ConfigError(f"{self._name}, {template}.j2: includes {file}, which is not there.")
            found.append(file)
            waiting += [one for one in self._needs[file].templates if one not in found and one not in waiting]
        return found

    def _check_values(self, template: str, known: frozenset[str]) -> None:
        # what a template sets, those that it includes see too
        assigned = frozenset[str]().union(*(each.assigned for each in self._needs.values()))
        for file in self.files_of(template):
            unknown = sorted(self._needs[file].values - known - assigned - _GLOBALS)
            if unknown:
                raise ConfigError(
                    f"{self._name}, {file}: names {unknown[0]!r}, which {template}.j2 does not have; "
                    f"it has {', '.join(sorted(known))}."
                )


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a template names: values, other templates it includes, and what it sets itself."""

    values: frozenset[str]
    templates: tuple[str, ...]
    assigned: frozenset[str]


def _needs(name: str, file: str, environment: jinja2.Environment, text: str) -> _Needs:
    import jinja2
    import jinja2.meta
    import jinja2.nodes

    try:
        tree = environment.parse(text, filename=file)
        undeclared = frozenset(jinja2.meta.find_undeclared_variables(tree))
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(f"{name}, {file} line {error.lineno}: {error.message}.") from error
    included = tuple(template for template in jinja2.meta.find_referenced_templates(tree) if template is not None)
    assigned = frozenset(node.name for node in tree.find_all(jinja2.nodes.Name) if node.ctx == "store")
    return _Needs(undeclared, included, assigned)
