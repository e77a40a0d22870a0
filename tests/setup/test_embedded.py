"""The embedded services: they start anywhere, lose nothing, and leave nothing behind."""

import os
import shutil
import socket
import stat
import sys
import textwrap

import pytest

from prm import services
from prm.supervisor import Child, Refused, Supervisor, spawn
from tests.setup.conftest import alive, all_gone

WRITER = """
import psycopg2
from prm import embedded, services
at = services.addresses(embedded.data_dir())
connection = psycopg2.connect(host=at.host, port=at.port, dbname=at.name, user=at.owner_user, password=at.owner_password)
cursor = connection.cursor()
cursor.execute("CREATE TABLE IF NOT EXISTS written (number bigint)")
connection.commit()
while True:
    cursor.execute("INSERT INTO written SELECT coalesce(max(number), 0) + 1 FROM written RETURNING number")
    number = cursor.fetchone()[0]
    connection.commit()
    print("written", number, flush=True)
"""
READER = (
    WRITER.partition("while")[0]
    + 'cursor.execute("SELECT max(number) FROM written"); print("read", cursor.fetchone()[0])'
)
ASK = """
import json, psycopg2
from prm import embedded, services
at = services.addresses(embedded.data_dir())
connection = psycopg2.connect(host=at.host, port=at.port, dbname=at.name, user=at.app_user, password=at.app_password)
cursor = connection.cursor()
def ask(text):
    cursor.execute(text)
    return cursor.fetchone()[0]
"""


def python(text: str) -> list[str]:
    return ["run", "--scratch", "--", sys.executable, "-c", textwrap.dedent(text)]


def test_a_command_runs_beside_the_services_and_gives_its_status(instance, tmp_path):
    one = instance(tmp_path / "data", *python("import os, sys; print('data', os.environ['PRM_DATA_DIR']); sys.exit(7)"))
    one.wait_for(f"data {tmp_path / 'data'}")
    assert one.process.wait(20) == 7


def test_connections_need_a_password_and_pages_carry_checksums(instance, tmp_path):
    text = ASK + textwrap.dedent("""
        print("checksums", ask("SHOW data_checksums"), ask("SELECT current_user"), repr(ask("SHOW listen_addresses")))
        try:
            psycopg2.connect(host=at.host, port=at.port, dbname=at.name, user=at.app_user)
        except psycopg2.OperationalError as error:
            print("refused", "no password supplied" in str(error))
    """)
    one = instance(tmp_path, *python(text))
    assert one.wait_for("checksums") == "checksums on prm_app ''"
    assert one.wait_for("refused") == "refused True"
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the account")
def test_root_runs_postgresql_under_another_account(instance, tmp_path):
    tmp_path.chmod(0o700)
    one = instance(tmp_path / "closed" / "data", *python("print('up'); import time; time.sleep(60)"))
    one.wait_for("up")
    names = {
        (p, os.stat(f"/proc/{p}").st_uid)
        for p in alive(one.tree())
        if os.readlink(f"/proc/{p}/exe").endswith("/postgres")
    }
    assert names
    assert 0 not in {uid for _, uid in names}
    assert one.terminate() == 128 + 15
    assert not tmp_path.stat().st_mode & stat.S_IXOTH  # let through, not opened to everybody


def test_kill_9_of_everything_loses_no_committed_row(instance, tmp_path):
    writer = ["run", "--", sys.executable, "-c", WRITER]
    for _ in range(2):
        one = instance(tmp_path, *writer)
        one.wait_for("written")
        while len(one.lines) < 50:
            assert one.process.poll() is None
        one.kill_tree()
        # The kill may have cut the last line short.
        acknowledged = max(int(line.split()[1]) for line in one.lines[:-1] if line.startswith("written"))
        again = instance(tmp_path, *python(READER))
        assert int(again.wait_for("read").split()[1]) >= acknowledged
        assert again.process.wait(20) == 0


def test_kill_9_of_the_supervisor_alone_takes_the_rest_with_it(instance, tmp_path):
    one = instance(tmp_path, *python("print('up'); import time; time.sleep(60)"))
    one.wait_for("up")
    pids = one.tree()
    assert len(pids) > 3
    one.process.kill()
    assert all_gone(pids)


def test_files_naming_a_living_stranger_do_not_stop_the_start(instance, tmp_path):
    assert instance(tmp_path, *python("pass")).process.wait(20) == 0
    stranger = f"{os.getpid()}\n{tmp_path}/pg\n1\n5432\n{tmp_path}/run\n\n\nready\n"
    (tmp_path / "pg" / "postmaster.pid").write_text(stranger)
    (tmp_path / "run" / ".s.PGSQL.5432.lock").write_text(stranger)
    assert instance(tmp_path, *python("pass")).process.wait(20) == 0


def test_two_instances_run_side_by_side_and_a_third_on_a_taken_directory_is_refused(instance, tmp_path):
    waiting = python("print('up'); import time; time.sleep(60)")
    both = [instance(tmp_path / name, *waiting) for name in ("a", "b")]
    for one in both:
        one.wait_for("up")
    third = instance(tmp_path / "a", *python("print('never')"))
    assert third.process.wait(20) == 1
    assert "is in use by a running instance" in third.text
    assert "Traceback" not in third.text
    assert "never" not in third.text
    assert [one.terminate() for one in both] == [128 + 15] * 2


def test_a_path_longer_than_a_socket_address_works(instance, tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    for _ in range(2):
        one = instance(deep, *python(ASK + 'print("user", ask("SELECT current_user"))'))
        one.wait_for("user prm_app")
        assert one.process.wait(20) == 0
    shutil.rmtree((deep / "run").resolve())


def test_addresses_of_a_stopped_instance_name_the_remedy(instance, tmp_path):
    with pytest.raises(services.NotStarted, match="make demo"):
        services.addresses(tmp_path)
    assert instance(tmp_path, *python("pass")).process.wait(20) == 0
    with pytest.raises(services.NotStarted, match="make demo"):
        services.addresses(tmp_path)


def test_a_taken_port_is_said_before_anything_starts(instance, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        one = instance(tmp_path / "data", "demo", PORT=str(taken.getsockname()[1]))
        assert one.process.wait(20) == 1
    assert "Choose another: PORT=" in one.text
    assert not (tmp_path / "data").exists()


def test_what_ends_is_started_again_until_it_ends_too_often(capsys):
    supervisor = Supervisor()
    supervisor.add(child := Child("brief", lambda: spawn(["true"])))
    for _ in range(4):
        child.process.wait()
        supervisor.check()
    child.process.wait()
    with pytest.raises(Refused, match="brief ended five times"):
        supervisor.check()
    assert capsys.readouterr().out.count("starting it again") == 5
