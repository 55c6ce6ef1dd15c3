"""The API's reference as one plain page, drawn from the OpenAPI document."""

from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from serving.web.assets import asset_path

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ info.title }}: API reference</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{{ style }}"></head><body><main>
<h1>{{ info.title }} {{ info.version }}</h1><p>{{ info.description }}</p>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>
<nav aria-label="Routes"><ul>{% for op in operations %}
<li><a href="#{{ op.id }}"><code>{{ op.method }} {{ op.path }}</code></a></li>{% endfor %}
</ul></nav>
{% for op in operations %}
<section id="{{ op.id }}"><h2><code>{{ op.method }} {{ op.path }}</code></h2>
<p>{{ op.description }}</p><p>Who: {{ op.roles }}</p>
{% if op.parameters %}<table><tr><th>parameter</th><th>in</th><th>kind</th><th></th></tr>
{% for p in op.parameters %}<tr><td><code>{{ p.name }}</code>{{ " *" if p.required }}</td>
<td>{{ p.in }}</td><td>{{ p.kind }}</td><td>{{ p.description }}</td></tr>{% endfor %}
</table>{% endif %}
{% if op.body %}<p>Body: {{ op.body }}</p>{% endif %}
<table><tr><th>answer</th><th></th><th>body</th></tr>
{% for status, answer in op.answers %}<tr><td>{{ status }}</td><td>{{ answer.description }}</td>
<td>{{ answer.body }}</td></tr>{% endfor %}</table></section>{% endfor %}
<h1 id="schemas">Bodies</h1>
{% for name, schema in schemas %}<section id="schema-{{ name }}"><h2>{{ name }}</h2>
<p>{{ schema.description }}</p>
<table><tr><th>field</th><th>kind</th><th></th></tr>
{% for field in schema.fields %}<tr><td><code>{{ field.name }}</code>{{ " *" if field.required }}
</td><td>{{ field.kind }}</td><td>{{ field.description }}</td></tr>{% endfor %}
</table></section>{% endfor %}
</main></body></html>
"""


@lru_cache(maxsize=1)
def _template() -> Any:
    return Environment(autoescape=True, trim_blocks=True).from_string(_TEMPLATE)


def reference_page(document: dict[str, Any]) -> str:
    """The page.

    Parameters
    ----------
    document
        An OpenAPI 3.1 document.
    """
    operations = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {})
            operations.append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "description": operation.get("description", operation.get("summary", "")),
                    "roles": ", ".join(operation.get("x-roles", [])),
                    "parameters": [
                        {
                            **parameter,
                            "kind": _with_default(parameter.get("schema", {})),
                            "description": parameter.get("description", ""),
                        }
                        for parameter in operation.get("parameters", [])
                    ],
                    "body": _content(body),
                    "answers": [
                        (
                            status,
                            {
                                "description": answer.get("description", ""),
                                "body": _content(answer.get("content", {})),
                            },
                        )
                        for status, answer in operation["responses"].items()
                    ],
                }
            )
    schemas = [
        (
            name,
            {
                "description": schema.get("description", ""),
                "fields": [
                    {
                        "name": field,
                        "required": field in schema.get("required", []),
                        "kind": _with_default(value),
                        "description": value.get("description", ""),
                    }
                    for field, value in schema.get("properties", {}).items()
                ],
            },
        )
        for name, schema in sorted(document.get("components", {}).get("schemas", {}).items())
    ]
    page: str = _template().render(
        info=document["info"],
        operations=operations,
        schemas=schemas,
        style=asset_path("reference.css"),
    )
    return page


def _content(content: dict[str, Any]) -> Markup:
    """Media types, and bodies as links to where their fields are."""
    told = []
    for kind, value in content.items():
        schema = value.get("schema", {})
        name = escape(_kind(schema) or "text")
        link = Markup('<a href="#schema-{0}">{0}</a>').format(name) if "$ref" in schema else name
        told.append(Markup("{}: {}").format(kind, link))
    return Markup("; ").join(told)


def _with_default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    plain = isinstance(default, str | int | float) and default != ""
    return f"{_kind(schema)}, else {default}" if plain else _kind(schema)


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(_kind(part) for part in schema[union])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "")
