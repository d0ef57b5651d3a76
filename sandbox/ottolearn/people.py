"""The users a sandbox starts with: from a seed file, or made up the same way each time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

# First and last names, a script or language a row: what real directories hold and careless software breaks.
NAMES: tuple[tuple[str, str], ...] = (
    ("Ada Grace Alan Mary Barbara Dennis", "Lovelace Hopper Turing Shelley Liskov Ritchie"),
    ("Siobhán Zoë Renée José François Jürgen", "O'Brien Núñez Lefèvre D'Angelo Müller Weiß"),
    ("Łukasz Żaneta Ştefan Håkon Søren Þóra", "Wójcik Dvořák Ionescu Ødegård Kovačević Jónsdóttir"),
    ("Nguyễn Thị Minh Hương Đức Ngọc", "Trần Lê Phạm Hoàng Võ Đặng"),
    ("Αλέξανδρος Ελένη Γιώργος Σοφία Νίκος Άννα", "Παπαδόπουλος Αγγέλου Νικολάου Κώστα Ιωάννου Δήμου"),
    ("Иван Ольга Сергій Юлія Борис Наталья", "Петров Соколова Шевченко Їжакевич Щукин Ёлкина"),
    ("محمد فاطمة علی مريم یوسف زهرا", "العربي حسيني خان رضایی منصور الأمين"),
    ("יוסף רבקה דוד שרה משה נועה", "כהן לוי מזרחי פרץ ביטון אברהם"),
    ("伟 秀英 敏 静 磊 洋", "王 李 張 劉 陳 歐陽"),
    ("さくら 太郎 花子 蓮 陽菜 健", "佐藤 鈴木 髙橋 田中 渡邊 伊藤"),
    ("민준 서연 지우 하은 도윤 수아", "김 이 박 최 정 황보"),
    ("आरव प्रिया राहुल अनन्या विक्रम मीरा", "शर्मा पटेल सिंह गुप्ता वर्मा क्षेत्री"),
    ("สมชาย สมหญิง ประเสริฐ กมล วิชัย อรทัย", "ใจดี ศรีสุข แสงทอง วงศ์ใหญ่ บุญมา สุขใจ"),
    ("ታደሰ አበበ Ọlá Kwabena Nobuhle Hōne", "ገብረ ተስፋዬ Adébáyọ̀ Ofori-Atta Ndlovu Kāretu"),
)
INACTIVE_EVERY = 50
"""One generated user in so many is inactive."""
FIRST_USERNAME = 25_000_000


def generated(count: int, username_attributes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield `count` users with ids from 1, the same ones each time, every Username attribute filled."""
    names = [(first, last) for firsts, lasts in NAMES for first in firsts.split() for last in lasts.split()]
    shuffled = names[::31] + [name for place, name in enumerate(names) if place % 31]
    for user_id, (first, last) in zip(range(1, count + 1), itertools.cycle(shuffled), strict=False):
        attribute = {name: f"{name}-{user_id}" for name in username_attributes}
        attribute |= {
            "firstName": first,
            "lastName": last,
            "username": str(FIRST_USERNAME + user_id),
            "employeeId": f"E{user_id:07d}",
            "emailAddress": f"learner{user_id}@example.edu",
        }
        yield {"id": user_id, "active": user_id % INACTIVE_EVERY != 0, "attribute": attribute}


def read_seed(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the users of a JSON-lines file; ValueError names file and line of what is no user."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _user(line, f"{path.name}, line {number}")


def _user(line: bytes, where: str) -> dict[str, Any]:
    try:
        user = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{where}: not JSON: {error}") from error
    user_id, attribute = (user.get("id"), user.get("attribute")) if isinstance(user, dict) else (None, None)
    if type(user_id) is not int or user_id < 1 or not isinstance(attribute, dict):
        raise ValueError(f'{where}: expected {{"id": 7, "active": true, "attribute": {{...}}}}')
    return {"active": True, **user}
