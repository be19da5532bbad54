"""`regenesis presets`: list the presets and the values they set.

regenesis presets
"""

from __future__ import annotations

from regenesis.cli.options import AsJson


def presets_command(as_json: AsJson = False) -> None:
    """List the presets and the values they set."""
    from regenesis.config import PRESETS, preset_values

    presets = {name: preset_values(name) for name in PRESETS}
    if as_json:
        from regenesis.cli.terminal import print_json

        print_json(presets)
        return
    import yaml

    for name in PRESETS:
        lines = yaml.safe_dump(presets[name], sort_keys=False, default_flow_style=False) if presets[name] else ""
        print(name)
        print("\n".join(f"    {line}" for line in lines.splitlines()) or "    the defaults of all fields")
        print()
    print("Choose one in the config (`preset: quick`) or with `--set preset=quick`; the config's own fields win.")
