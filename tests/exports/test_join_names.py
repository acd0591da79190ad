"""Joining keys back to names: right names, only the asked group, never into a folder of reports."""

import json
import stat

import pytest

from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.exports.join_names import join_names
from tmall_nb.exports.key import buyer_keys, read_key

HEADER = "订单编号,买家会员名,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间\n"
NAMES = ["张三", "李四", "=cmd", "w**"]


@pytest.fixture
def folder(tmp_path):
    shop = tmp_path / "data" / "qingmu"
    shop.mkdir(parents=True)
    rows = "".join(
        f'="{1000 + k}",{name},10.00,10.00,交易成功,2025-01-0{k + 1} 10:00:00,2025-01-0{k + 1} 10:05:00\n'
        for k, name in enumerate(NAMES)
    )
    (shop / "ExportOrderList202502010912.csv").write_bytes((HEADER + rows).encode("gb18030"))
    key = read_key(tmp_path / "data" / ".parsed" / ".buyer_key")
    keys = buyer_keys(NAMES[:3], key)
    groups = ["touch", "hold_out", "touch"]
    table = {
        "buyer_key": {"dtype": "int", "values": [*keys, 12345]}, "list": {"dtype": "text", "values": ["remind"] * 4},
        "touch": {"dtype": "text", "values": ["sms"] * 4}, "group": {"dtype": "text", "values": [*groups, "touch"]},
    }  # fmt: skip
    reports = tmp_path / "outputs"
    reports.mkdir()
    (reports / "segment_lists.json").write_text(json.dumps({"frames": {"table": table}}))
    return tmp_path


def join(folder, to, **options):
    source = folder / "outputs" / "segment_lists.json"
    return join_names(source, data_dir=folder / "data", shop_id="qingmu", to=to, **options)


def test_names_of_the_touched_only(folder):
    target = folder / "mine.csv"
    assert join(folder, target) == (2, 3)
    lines = target.read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["name,list,touch,group", "张三,remind,sms,touch", "'=cmd,remind,sms,touch"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert join(folder, folder / "held.csv", group="hold_out") == (1, 1)


def test_never_among_reports_or_parsed_tables(folder):
    for place in ("outputs/names.csv", "data/.parsed/names.csv"):
        with pytest.raises(ParameterError, match="names must not lie there"):
            join(folder, folder / place)
    (folder / "old.csv").write_text("x")
    with pytest.raises(ParameterError, match="does not exist yet"):
        join(folder, folder / "old.csv")
    assert not list(folder.glob("outputs/*.csv"))


def test_what_is_not_a_list_is_refused(folder):
    (folder / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(ExportError, match="buyer_key"):
        join_names(folder / "a.csv", data_dir=folder / "data", shop_id="qingmu", to=folder / "b.csv")
    (folder / "data" / ".parsed" / ".buyer_key").unlink()
    with pytest.raises(ExportError, match="key file"):
        join(folder, folder / "b.csv")


def command(folder, *more):
    from tmall_nb.cli import main

    lists = folder / "outputs" / "segment_lists.json"
    return main(["names", str(lists), "--shop", "qingmu", "--data-dir", str(folder / "data"), *map(str, more)])


def test_command_says_where_names_went(folder, capsys):
    target = folder / "mine.csv"
    assert command(folder, "--to", target) == 0
    assert capsys.readouterr().out.strip() == f"2 of 3 names (touch) written to {target}, readable by you alone"
    assert command(folder, "--to", folder / "held.csv", "--group", "hold_out") == 0
    assert "1 of 1 names (hold_out)" in capsys.readouterr().out


def test_command_refuses_outputs(folder, capsys):
    assert command(folder, "--to", folder / "outputs" / "names.csv") == 1
    assert "outside the folders of reports" in capsys.readouterr().err
    assert not (folder / "outputs" / "names.csv").exists()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["--too", "x.csv"], "--to"),
        (["--to", "x.csv", "--grup", "touch"], "--group"),
        (["--to", "x", "--group", "tuch"], "touch"),
    ],
)
def test_command_answers_a_typo(folder, capsys, typed, meant):
    with pytest.raises(SystemExit) as stopped:
        command(folder, *typed)
    assert stopped.value.code == 2 and f"Did you mean {meant}?" in capsys.readouterr().err


def test_command_names_an_unknown_shop(folder, capsys):
    from tmall_nb.cli import main

    lists = str(folder / "outputs" / "segment_lists.json")
    assert main(["names", lists, "--shop", "qingmo", "--data-dir", str(folder / "data"), "--to", str(folder / "x.csv")]) == 1
    assert "qingmu" in capsys.readouterr().err
