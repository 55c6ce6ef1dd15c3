"""How a visitor wants pages shown: language, large text, contrast, colours; kept in one cookie."""

from dataclasses import dataclass, replace

from fastapi import Request

from serving.messages.catalogue import Lang

COOKIE = "gongxu_display"
COOKIE_LASTS_S = 365 * 24 * 3600
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Display:
    """A visitor's choices; they say nothing about a person and need no sign-in.

    Attributes
    ----------
    lang
        Chinese first, English by a switch.
    large
        Large text and large controls 适老化.
    contrast
        High contrast.
    theme
        ``light``, ``dark`` or empty: as the device has it.
    """

    lang: Lang = "zh"
    large: bool = False
    contrast: bool = False
    theme: str = ""

    @property
    def classes(self) -> str:
        """Class names of the page's root element."""
        chosen = [self.theme] if self.theme else []
        chosen += ["large"] if self.large else []
        chosen += ["contrast"] if self.contrast else []
        return " ".join(chosen)

    def cookie(self) -> str:
        """The cookie's value."""
        return ".".join([self.lang, *self.classes.split()])

    def changed(self, setting: str, value: str) -> "Display":
        """The display with one setting changed; what is unknown changes nothing.

        Parameters
        ----------
        setting
            ``lang``, ``large``, ``contrast`` or ``theme``.
        value
            A language, ``on`` or ``off``, or a theme (``auto`` for the device's).

        Returns
        -------
        The new choices.
        """
        match setting, value:
            case "lang", "zh" | "en":
                return replace(self, lang=value)
            case "large", "on" | "off":
                return replace(self, large=value == "on")
            case "contrast", "on" | "off":
                return replace(self, contrast=value == "on")
            case "theme", "light" | "dark":
                return replace(self, theme=value)
            case "theme", "auto":
                return replace(self, theme="")
        return self


def display_of(request: Request) -> Display:
    """What the visitor chose earlier."""
    return parse_display(request.cookies.get(COOKIE, ""))


def parse_display(cookie: str) -> Display:
    """The choices in a cookie; unknown words are ignored."""
    words = cookie.split(".")
    return Display(
        lang="en" if "en" in words else "zh",
        large="large" in words,
        contrast="contrast" in words,
        theme=next((theme for theme in THEMES if theme in words), ""),
    )
