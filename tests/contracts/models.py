"""Checks requests and answers against the marketplaces' own API models, where these lie beside the checkout.

    walmart = model("walmart/us-mp-orders.openapi.json")
    walmart.check_request("GET", "/v3/orders?limit=10")
    walmart.check_answer("GET", "/v3/orders", 200, answer.json())

A violation is an AssertionError with the place and the reason. Fields the models do not know are allowed.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

_ROOT = "urn:model"
_SCHEMAS = "#/components/schemas/"
_MISSING = " ".join(
    (
        "The marketplaces' API models are not beside this checkout (shared/contracts);",
        "nothing to validate against.",
    )
)
_formats = FormatChecker(formats=())


@_formats.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def folder() -> Path:
    """Where the models lie; skips the test when they are nowhere."""
    named = os.environ.get("HELPDESK_CONTRACTS")
    root = Path(__file__).resolve().parents[2]
    places = [Path(named)] if named else [parent / "shared" / "contracts" for parent in root.parents]
    for place in places:
        if place.is_dir():
            return place
    pytest.skip(_MISSING)


def model(file: str) -> "Model":
    """The API model in that file of the folder; skips the test when it is not there."""
    path = folder() / file
    if not path.is_file():
        pytest.skip(_MISSING)
    return _read(path)


@cache
def _read(path: Path) -> "Model":
    return Model(json.loads(path.read_text(encoding="utf-8")))


class Model:
    """One API description: Swagger 2.0 (Amazon) or OpenAPI 3 (Walmart)."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._swagger = "swagger" in document
        _repair(document)
        self._registry = Registry().with_resource(_ROOT, DRAFT4.create_resource(document))

    def check_answer(self, method: str, path: str, status: int, body: Any) -> None:
        """Check a decoded answer; `path` is the request's, with or without query. No body is None."""
        operation, _ = self._operation(method, urlsplit(path).path)
        response = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if response is None:
            assert status >= 400, f"{method} {path} has no answer {status} in the model."
            errors = body.get("errors") or body.get("error")
            assert errors, f"An answer {status} of {path} has neither errors nor error: {body}"
            assert all("code" in error for error in errors), errors
            return
        said = self._resolved(response)
        schema = said.get("schema") if self._swagger else _json_of(said.get("content", {}))
        if schema is None or body is None:
            assert not schema or body is None or status == 201, f"{status} of {path} needs a body."
            return
        self._check(schema, body, f"answer {status} of {method} {path}")

    def check_request(
        self, method: str, path: str, *, body: Any = None, form: Mapping[str, Any] | None = None
    ) -> None:
        """Check path, query and body: everything required is there, nothing is unknown, all has its type."""
        url = urlsplit(path)
        operation, in_path = self._operation(method, url.path)
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(url.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        known = {}
        for parameter in self._parameters(operation):
            name, place = parameter["name"], parameter["in"]
            if place == "query":
                known[name] = parameter
                assert name in query or not parameter.get("required"), f"{path} lacks {name}."
            elif place == "path":
                self._check(self._type(parameter), in_path[name], f"{name} in {path}")
            elif place == "body":
                assert body is not None or not parameter.get("required"), f"{path} needs a body."
                self._check(parameter["schema"], body, f"body of {method} {path}")
        for name, values in query.items():
            assert name in known, f"{path}: the model knows no parameter {name}."
            self._check(*self._typed(known[name], values), f"{name} in {path}")
        if not self._swagger and "requestBody" in operation:
            self._check_content(self._resolved(operation["requestBody"])["content"], body, form, path)

    def _check_content(
        self, content: Mapping[str, Any], body: Any, form: Mapping[str, Any] | None, path: str
    ) -> None:
        if form is not None:
            assert "application/x-www-form-urlencoded" in content, f"{path} takes no form."
            self._check(content["application/x-www-form-urlencoded"]["schema"], dict(form), f"form of {path}")
        else:
            schema = _json_of(content)
            assert schema is not None, f"{path} takes no JSON."
            self._check(schema, body, f"body of {path}")

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
        # What has no parameter in its path goes first: /token/detail is not a token named detail.
        for template in sorted(self._document["paths"], key=lambda one: one.count("{")):
            operation = self._document["paths"][template].get(method.lower())
            found = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), path)
            if operation is not None and found:
                return operation, found.groupdict()
        raise AssertionError(f"The model knows no {method} {path}.")

    def _parameters(self, operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for parameter in operation.get("parameters", []):
            yield self._resolved(parameter)

    def _type(self, parameter: Mapping[str, Any]) -> dict[str, Any]:
        if not self._swagger:
            return dict(parameter["schema"])
        names = ("type", "items", "enum", "format", "minimum", "maximum", "minItems", "maxItems")
        return {name: parameter[name] for name in names if name in parameter}

    def _typed(self, parameter: Mapping[str, Any], values: list[str]) -> tuple[dict[str, Any], Any]:
        schema = self._type(parameter)
        if schema.get("type") == "array":
            return schema, [one for value in values for one in value.split(",")]
        assert len(values) == 1, f"{parameter['name']} is given {len(values)} times."
        value: Any = values[0]
        if schema.get("type") in ("integer", "number") and re.fullmatch(r"-?\d+(\.\d+)?", value):
            value = json.loads(value)
        elif schema.get("type") == "boolean" and value in ("true", "false"):
            value = value == "true"
        return schema, value

    def _resolved(self, part: Mapping[str, Any]) -> dict[str, Any]:
        if "$ref" not in part:
            return dict(part)
        found: Any = self._document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return dict(found)

    def _check(self, schema: Mapping[str, Any], value: Any, what: str) -> None:
        validator = Draft4Validator(_rooted(schema), registry=self._registry, format_checker=_formats)
        errors = [
            f"{'/'.join(map(str, error.absolute_path)) or '(whole)'}: {error.message[:300]}"
            for error in validator.iter_errors(_without_nulls(value))
        ]
        assert not errors, f"{what} is not as the model says: {'; '.join(errors[:5])}"


def _json_of(content: Mapping[str, Any]) -> dict[str, Any] | None:
    return content["application/json"].get("schema") if "application/json" in content else None


def _rooted(schema: Any) -> Any:
    """The schema with its references leading into the whole document."""
    if isinstance(schema, Mapping):
        return {
            name: f"{_ROOT}{value}" if name == "$ref" else _rooted(value) for name, value in schema.items()
        }
    return [_rooted(one) for one in schema] if isinstance(schema, list) else schema


def _without_nulls(value: Any) -> Any:
    """The published samples hold null where a text is empty, though no schema says so."""
    if isinstance(value, dict):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _repair(document: dict[str, Any]) -> None:
    """Where Walmart's schemas contradict Walmart's own samples, the samples are right."""
    schemas = document.get("components", {}).get("schemas", {})
    if "OrderLineType" in schemas:
        # A name clash made order lines point at the lines of a refund.
        lines = {"type": "array", "items": {"$ref": f"{_SCHEMAS}OrderLineType"}}
        for name in ("GetOrderResponseRecord", "Order"):
            schemas[name]["properties"]["orderLines"] = {
                "type": "object",
                "required": ["orderLine"],
                "properties": {"orderLine": lines},
            }
        # One order comes inside "order", and its date is a number like that of the list's.
        schemas["Order"]["properties"]["orderDate"] = {"type": "integer"}
        one = document["paths"]["/v3/orders/{purchaseOrderId}"]["get"]["responses"]["200"]["content"]
        one["application/json"]["schema"] = {
            "type": "object",
            "required": ["order"],
            "properties": {"order": {"$ref": f"{_SCHEMAS}Order"}},
        }
        listed = document["paths"]["/v3/orders"]["get"]["parameters"]
        listed += [_newer("sortBy"), _newer("sortOrder")]
    if "ItemSearchPrice" in schemas:
        schemas["ItemSearchPrice"]["properties"]["amount"] = {"type": "number"}
    if "ReturnOrder" in schemas:
        schemas["ChargeTotal"]["properties"]["value"] = {}
        schemas["RefundChannelInfo"]["properties"]["quantity"] = {"type": "object"}
        # The last two stand in the cursors Walmart gives out.
        listed = document["paths"]["/v3/returns"]["get"]["parameters"]
        listed += [_newer("isWFSEnabled"), _newer("sellerId"), _newer("offset")]


def _newer(name: str) -> dict[str, Any]:
    """A parameter Walmart documents that is younger than the model."""
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
