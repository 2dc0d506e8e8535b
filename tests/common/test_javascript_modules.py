"""JavaScript modules as one script."""

from __future__ import annotations

import pytest

from seegrad.common.javascript_modules import joined_modules


@pytest.fixture
def folder(tmp_path):
    files = {
        "one.js": "// What counts.\nexport const one = 1;\n",
        "other.js": "export const one = 11;\n",
        "two.js": 'import { one } from "./one.js";\nexport function two() {\n  // twice\n  return 2 * one;\n}\n',
        "three.js": 'import { one as first } from "./one.js";\nexport const three = () => 2 + first;\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_several_modules_share_what_they_import(folder, driver):
    script = joined_modules(folder / "two.js", folder / "three.js")
    assert script.count("const $one") == 1
    assert driver.execute_script(f"{script}\nreturn [$two.two(), $three.three()];") == [2, 3]


def test_another_file_takes_the_place_of_one(folder, driver):
    script = joined_modules(folder / "two.js", instead={"one.js": "other.js"})
    assert driver.execute_script(f"{script}\nreturn $two.two();") == 22


def test_compact_scripts_have_no_comments_and_no_indents(folder, driver):
    script = joined_modules(folder / "two.js", compact=True)
    assert not any(line.startswith((" ", "//")) for line in script.splitlines())
    assert driver.execute_script(f"{script}\nreturn $two.two();") == 2


def test_two_modules_with_the_same_name_are_refused(folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "one.js").write_text("export const one = 1;\n")
    (folder / "four.js").write_text('import { one } from "./one.js";\nimport { one as two } from "./inner/one.js";\n')
    with pytest.raises(ValueError, match=r"two modules are called one\.js"):
        joined_modules(folder / "four.js")
