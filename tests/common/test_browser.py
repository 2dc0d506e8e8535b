from __future__ import annotations

import webbrowser

from seegrad.common.browser import open_page


def none():
    raise webbrowser.Error("could not locate runnable browser")


def test_it_is_said_where_a_page_is_if_no_browser_shows_it(capsys, monkeypatch):
    monkeypatch.delenv("BROWSER", raising=False)
    for found in (none, lambda: webbrowser.GenericBrowser("w3m")):
        monkeypatch.setattr("webbrowser.get", found)
        assert not open_page("http://127.0.0.1:8000/")
        assert "no browser could be opened on this machine; visit http://127.0.0.1:8000/" in capsys.readouterr().err
