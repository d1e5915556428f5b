"""`manage.py ingest_mail` takes files through the very path of polled mail and says what it did."""

import json
import mailbox
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.tenancy import tenant_tx
from inbox.models import Message
from tests.world import World, walmart_mail


def ingest(*arguments: str | Path) -> list[dict[str, Any]]:
    out = StringIO()
    call_command(
        "ingest_mail", "--tenant", "acme", "--account", "Lumen US", "--json", *map(str, arguments), stdout=out
    )
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_one_line_a_mail_with_what_became_of_it(world: World, tmp_path: Path) -> None:
    path = tmp_path / "lamp.eml"
    path.write_bytes(walmart_mail(world.walmart, text="The lamp is broken"))
    (line,) = ingest(path)
    assert line == {
        "source": str(path),
        "outcome": "stored",
        "kind": "buyer_message",
        "conversation": 1,
        "from": "0123456789abcdef0123456789abcdef@relay.walmart.com",
        "subject": "Question about your order",
        "text": "The lamp is broken",
        "html": False,
        "attachments": [],
        "error": "",
    }


def test_the_same_file_again_changes_nothing(world: World, tmp_path: Path) -> None:
    path = tmp_path / "lamp.eml"
    path.write_bytes(walmart_mail(world.walmart))
    ingest(path)
    (line,) = ingest(path)
    assert (line["outcome"], line["conversation"]) == ("already here", 1)
    with tenant_tx(world.acme.pk):
        assert Message.objects.count() == 1


def test_folders_and_mbox_files(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "old mail"
    folder.mkdir()
    (folder / "a.eml").write_bytes(walmart_mail(world.walmart, relay="a" * 32, order="200011110000001"))
    box = mailbox.mbox(folder / "b.mbox")
    for number in (2, 3):
        box.add(walmart_mail(world.walmart, relay=f"{number}" * 32, order=f"20001111000000{number}"))
    box.close()
    lines = ingest(folder)
    assert [line["outcome"] for line in lines] == ["stored"] * 3
    assert [line["conversation"] for line in lines] == [1, 2, 3]


def test_any_input_is_survived(world: World, tmp_path: Path) -> None:
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "noise.eml").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "good.eml").write_bytes(walmart_mail(world.walmart))
    (tmp_path / "dangling.eml").symlink_to(tmp_path / "nothing.eml")
    lines = {Path(line["source"]).name: line["outcome"] for line in ingest(tmp_path)}
    assert lines["good.eml"] == "stored"
    assert set(lines) == {"empty.eml", "noise.eml", "good.eml"}
    assert set(lines.values()) <= {"stored", "unreadable"}


def test_a_missing_path_account_or_tenant_is_said(world: World, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no .*nowhere"):
        ingest(tmp_path / "nowhere")
    with pytest.raises(CommandError, match="There is no seller account Nobody. Known: Lumen DE, Lumen US"):
        call_command("ingest_mail", "--tenant", "acme", "--account", "Nobody", str(tmp_path))
    with pytest.raises(CommandError, match="There is no organization nope. Known: acme, globex"):
        call_command("ingest_mail", "--tenant", "nope", "--account", "x", str(tmp_path))
