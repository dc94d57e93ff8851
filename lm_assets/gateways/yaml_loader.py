"""How every configuration file is read as YAML: nothing that two readers take for two things."""

import re
from collections.abc import Hashable
from typing import Any

import yaml

_DECIMAL = re.compile(
    r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:[0-9]+|inf|Inf|INF|nan|NaN|NAN)"
)


class StrictLoader(yaml.SafeLoader):
    """Safe loader that refuses a key given twice in one mapping, and odd spellings of numbers.

    YAML 1.1 reads 030 as 24 (octal), 1:30 as 90 (base 60) and 24_5 as 245; YAML 1.2 and people do
    not.
    """

    def construct_decimal(self, node: yaml.ScalarNode) -> int | float:
        """Return a number in plain decimal spelling."""
        if not _DECIMAL.fullmatch(node.value):
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"a number must be in plain decimal spelling, got {node.value!r}; quote it if it "
                "is meant as text",
                node.start_mark,
            )
        if node.tag.endswith(":int"):
            return int(node.value)
        # Whether a number must be finite is said by the rule that it breaks, with its path.
        return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping of which every key is given once."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue  # the parent refuses it, with its line
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


for _tag in ("int", "float"):
    StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", StrictLoader.construct_decimal)
