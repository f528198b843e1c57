"""What a date as written is cut into, as one regular expression with a named group for each kind of piece."""

from __future__ import annotations

import re

from retrieval.dates.words import REPUBLICAN_MONTHS

_CENTURY = r"(?:cent(?:ur(?:y|ies)|\.)?|siecles?|jh\.?|jahrhunderts?|c\.(?!\s*\d))"
_MONTH_DAY = r"(?P<iso_month>0[1-9]|1[0-2])(?P=iso_mark)(?P<iso_day>0[1-9]|[12]\d|3[01])"
_PATTERNS = {
    "republican": r"(?:(?P<rep_day>\d{1,2})(?:er|e)?\s+)?(?P<rep_month>" + "|".join(REPUBLICAN_MONTHS) + ")"
    r"\s*,?\s*(?:de\s+)?(?:l['’]\s*)?an\s+(?P<rep_year>[ivx]+|\d{1,2})e?\b",
    "undated": r"\b(?:undated|n\.\s?d\.|nd\b|no date\b|s\.\s?[da]\.|o\.\s?d\.|ohne datum|s/d\b|sin fecha"
    r"|sans date\b|sem data|date unknown)",
    "iso": r"(?<!\d)(?P<iso_year>\d{4})(?P<iso_mark>[-–]|(?=\d{4}(?!\d)))" + _MONTH_DAY + r"(?!\d)",
    "figures": r"(?<![\d/.-])(?P<one>\d{1,2})(?P<mark>[/-]|\.\s?)(?P<two>\d{1,2})(?P=mark)"
    r"(?P<fig_year>\d{4})(?!\d)",
    "roman": r"(?<![\d.])(?P<roman_day>\d{1,2})[. ] ?(?P<roman_month>i{1,3}|iv|v|vi{1,3}|ix|x|xi{1,2})[. ] ?"
    r"(?P<roman_year>\d{4})(?!\d)",
    "month_year": r"(?<![\d/.])(?P<figure_month>0?[1-9]|1[0-2])/(?P<figure_year>\d{4})(?![\d/])",
    "backward": r"(?<!\d)(?P<back_year>\d{4})(?P<back_mark>[/.])(?P<back_month>\d{1,2})(?P=back_mark)"
    r"(?P<back_day>\d{1,2})(?![\d/])",
    "century": r"(?:(?P<cent_first>\d{1,2})(?:st|nd|rd|th|\.)?\s*(?:[-–]|to|and|or|und|bis)\s*(?:the\s+)?)?"
    r"(?P<cent>\d{1,2})(?:st|nd|rd|th|\.|eme|e)[\s-]+" + _CENTURY + r"(?!\w)"
    r"|\b(?P<cent_roman>[ivx]+)(?:e|eme|th)?\s+(?:siecles?|centur(?:y|ies)|cent\.)(?!\w)"
    r"|\b(?:siglos?|seculos?|secolo|s\.|sec\.)\s+(?P<cent_after>[ivx]+)\b",
    "century_gap": r"(?<!\d)(?P<cent_digits>1\d|20)(?:uu|xx|--|––|__|\?\?|u-|-\?|u\?|—(?!\s*\d))(?![\dux])",
    "decades": r"(?<!\d)(?P<decades_from>\d{3}0)['’]?s?\s*(?:[-–/&]|and|to)\s*['’]?"
    r"(?P<decades_to>\d0)['’]?s\b",
    "decade": r"(?<!\d)(?P<dec>\d{3}0)(?:['’]?s\b|er\b)"
    r"|\b(?:annees|anos|decada de)\s+(?P<dec_after>\d{3}0)(?!\d)",
    "decade_gap": r"(?<!\d)(?P<dec_digits>1\d\d|20\d)[-–_ux?](?![\dux])",
    "dual": r"(?<!\d)(?P<dual_one>\d{4})/(?P<dual_two>\d{4}|\d{1,2})(?![\d/])",
    "year": r"(?<!\d)\d{4}(?!\d|[.,]\d{3}(?!\d))",
    "part": r"(?P<part_from>early|mid|middle)[- ](?:to|and)[- ](?P<part_to>mid|middle|late)(?!\w)"
    r"|(?:first|1st|second|2nd|latter|last) half"
    r"|(?:first|1st|second|2nd|third|3rd|fourth|last) quarter"
    r"|(?:early|mid|late)(?!\w)|(?:beginning|middle|end)(?= of\b)"
    r"|(?:debut|anfang|mitte|ende|principios|mediados|meados|fines|finales)\b",
    "number": r"(?<!\d)(?P<digits>\d{1,2})(?:st|nd|rd|th|d|er|eme|o|a|°)?(?!\w)",
    "word": r"(?:pre|post|ante)-(?=\d)|[789x]b(?:e)?re?\b|[^\W\d_]+(?:['’][^\W\d_]+)*",
    "dash": r"[-–—‒−]+",
    "sign": r"[,;/?&()~]",
    "other": r"\d+|\S",
}
"""What a date is cut into; the first that fits is taken."""
TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()))
