"""Roles and the principal: whoever stands behind a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from recommender.errors import UsageError


class Role(StrEnum):
    """What a caller is; a principal has exactly one role."""

    SERVICE = "service"  # another system, by API key
    RESIDENT = "resident"  # sees and changes only what is their own
    OFFICER = "officer"  # buys for the areas named in the account
    DISTRICT = "district"  # an officer of all areas
    COUNTER = "counter"  # books at a counter for whoever has no telephone
    OPERATOR = "operator"  # runs the models and the machine; sees no resident


SCOPES = ("ingest", "suggestions")
"""What an API key of a service may be allowed to do."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling.

    Attributes
    ----------
    subject
        A resident's pseudonym, a user's name, or the API key's public identifier.
    role
        See :class:`Role`.
    areas
        The areas an officer acts for, with all below them.
    scopes
        What a service's key may do; see :data:`SCOPES`.
    """

    subject: str
    role: Role
    areas: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] = field(default_factory=frozenset)

    def acts_for(self, area_code: str, parents: Mapping[str, str]) -> bool:
        """Whether the area, or one above it, is one of the principal's.

        Parameters
        ----------
        area_code
            The area asked for.
        parents
            Parent's code by area code.

        Returns
        -------
        Whether the principal acts for the area; the district acts for all.
        """
        if self.role is Role.DISTRICT:
            return True
        seen: set[str] = set()
        while area_code and area_code not in seen:
            if area_code in self.areas:
                return True
            seen.add(area_code)
            area_code = parents.get(area_code, "")
        return False


def parse_role(word: str) -> Role:
    """A role by its name.

    Raises
    ------
    UsageError
        If there is no such role.
    """
    try:
        return Role(word)
    except ValueError:
        raise UsageError(f"unknown role {word!r}.", f"Known: {', '.join(Role)}.") from None
