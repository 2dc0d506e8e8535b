"""The sizes of the screens on which pages are looked at."""

DESKTOP, PHONE = (1280, 900), (390, 844)
