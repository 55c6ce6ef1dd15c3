"""Titles, descriptions and names from the word lists."""

import numpy as np
from numpy.typing import NDArray

from data.simulate.district.vocabulary import (
    AUDIENCE_WORDS,
    AUDIENCES,
    CATEGORY_NAMES,
    FORMS,
    OPENINGS,
    SUPPLIER_HEADS,
    SUPPLIER_MIDDLES,
    SUPPLIER_TAILS,
    TAGS,
)


def write_texts(
    category: NDArray[np.int64],
    tags: list[tuple[int, ...]],
    audience: NDArray[np.int64],
    supplier: NDArray[np.int64],
    rng: np.random.Generator,
) -> tuple[list[str], list[str]]:
    """Titles and descriptions of products, made of their tags' words.

    Parameters
    ----------
    category, audience, supplier
        Positions by product, shape (products,).
    tags
        Positions of tags by product.
    rng
        Source of randomness.

    Returns
    -------
    Titles and descriptions, one each by product.
    """
    titles, descriptions = [], []
    for p in range(len(category)):
        themes = [TAGS[t] for t in tags[p]]
        words = [tag.words[int(rng.integers(len(tag.words)))] for tag in themes]
        forms = FORMS[CATEGORY_NAMES[category[p]]]
        form = forms[int(rng.integers(len(forms)))]
        opening = OPENINGS[int(rng.integers(len(OPENINGS)))] if rng.random() < 0.5 else ""
        number = f"（第{int(rng.integers(1, 40))}期）" if rng.random() < 0.25 else ""
        titles.append(f"{opening}{words[0]}——{themes[0].name}{form}{number}")
        told = "、".join(dict.fromkeys([*words, *(tag.name for tag in themes)]))
        descriptions.append(f"以{told}为主题的{form}，{AUDIENCE_WORDS[AUDIENCES[audience[p]]]}。")
    del supplier
    return titles, descriptions


def name_suppliers(kind: NDArray[np.int64], rng: np.random.Generator) -> list[str]:
    """Distinct names, by kind of supplier (a position in ``SUPPLIER_KINDS``).

    Parameters
    ----------
    kind
        Position by supplier.
    rng
        Source of randomness.

    Returns
    -------
    One name by supplier.
    """
    kinds = tuple(SUPPLIER_TAILS)
    names: list[str] = []
    seen: dict[str, int] = {}
    for k in kind:
        heads = rng.integers(len(SUPPLIER_HEADS), size=2)
        tails = SUPPLIER_TAILS[kinds[k]]
        name = (
            "".join(SUPPLIER_HEADS[h] for h in heads)
            + SUPPLIER_MIDDLES[int(rng.integers(len(SUPPLIER_MIDDLES)))]
            + tails[int(rng.integers(len(tails)))]
        )
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}（{seen[name]}）")
    return names
