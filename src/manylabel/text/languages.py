"""Languages that have a stemmer, and their commonest words."""

from __future__ import annotations

# The commonest words of each language that few others share.
COMMON_WORDS = {
    "danish": ("og", "det", "ikke", "af", "til"),
    "dutch": ("het", "een", "van", "niet", "zijn"),
    "english": ("the", "of", "and", "with", "that"),
    "finnish": ("ja", "että", "sekä", "tai", "ovat"),
    "french": ("les", "des", "une", "dans", "pour"),
    "german": ("und", "der", "die", "das", "nicht"),
    "hungarian": ("és", "az", "hogy", "nem", "egy"),
    "italian": ("della", "il", "che", "di", "sono"),
    "norwegian": ("og", "ikke", "av", "det", "til"),
    "portuguese": ("uma", "não", "dos", "com", "os"),
    "romanian": ("și", "în", "din", "care", "este"),
    "russian": ("и", "не", "что", "на", "для"),
    "spanish": ("los", "una", "las", "por", "del"),
    "swedish": ("och", "att", "inte", "av", "som"),
    "turkish": ("ve", "bir", "için", "bu", "ile"),
}

LANGUAGES = tuple(COMMON_WORDS)
