"""Names in scripts that the form's font does not have, and fonts for them, as Debian installs them."""

from functools import cache

from mailmart_privacy.typesetting.fonts import Typeface, find_typeface

# By name of the family, or by file: both ways of naming a font; TrueType, CFF and a collection.
FONTS = (
    "Noto Sans Hebrew",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "/usr/share/fonts/opentype/tlwg/Loma.otf",
    "WenQuanYi Zen Hei",
    "Symbola",
)
NAMES = {
    "Hebrew": 'בנק הפועלים (תל אביב) בע"מ 2026',
    "Arabic": "شركة النور للتجارة (الأولى) 123",
    "Persian": "می‌خواهم شرکت",
    "Devanagari": "हिन्दी प्रौद्योगिकी क्षत्रिय लिमिटेड",
    "Thai": "บริษัท น้ำใจไทย จำกัด",
    "Chinese": "北京邮件科技有限公司 (MailMart)",
    "Japanese": "株式会社メールマート",
    "Korean": "메일마트 주식회사",
    "emoji": "Rocket 🚀 & 👩‍👩‍👧",
    "mixed": "Acme שלום 株式会社 Ωμέγα",
    "long": "北京邮件科技有限公司 " * 4,
}


@cache
def typefaces() -> tuple[Typeface, ...]:
    """The fonts, found."""
    return tuple(map(find_typeface, FONTS))
