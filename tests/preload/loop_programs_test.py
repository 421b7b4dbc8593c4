"""Real programs' event loops before proxies that take their time: by the library alone, and under
the launcher in each mode that has the library."""

import glob
import http.server
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest

from conftest import BUILD, LIBRARY
from loop_test import slow  # noqa: F401  (a fixture)

COUNT = 60
DOORS = ("alone", "preload", "auto")
NETTY = ":".join(glob.glob("/usr/share/java/netty-*.jar"))


class Door:
    def __init__(self, name, library, conf):
        self.name, self.library, self.conf = name, library, conf

    def run(self, argv, timeout=40):
        if self.name == "alone":
            return self.library.run(argv, self.conf, timeout=timeout)
        gochain = [os.path.join(BUILD, "gochain"), f"--mode={self.name}", "-f", self.conf]
        return self.library.run(gochain + argv, timeout=timeout, env={"LD_PRELOAD": ""})


@pytest.fixture(params=DOORS)
def door(request, library, slow):  # noqa: F811
    return Door(request.param, library, library.rules(slow))


def must_have_dialled(run, out, count=COUNT):
    assert (run.status, run.out) == (0, out), str(run)
    events = run.of("connect")
    assert len(events) == count and {e["door"] for e in events} == {"preload"}, str(run)


def loop_client(name):
    path = os.path.join(BUILD, "loops", name)
    if not os.path.exists(path):
        pytest.skip(f"{name} is not built: its library, JDK or cargo is not here")
    return path


@pytest.mark.parametrize("name", ("libevent_client", "libuv_client", "asio_client"))
def test_loop_library(door, echo_server, name):
    run = door.run([loop_client(name), str(COUNT), "echo.test", str(echo_server.port)])
    must_have_dialled(run, f"{COUNT} of {COUNT}, ticking\n")


@pytest.mark.parametrize("runtime", ("several threads", "single"))
def test_tokio(door, echo_server, runtime):
    run = door.run([loop_client("tokio_client"), str(COUNT), "echo.test", str(echo_server.port),
                    runtime])
    must_have_dialled(run, f"{COUNT} of {COUNT}, ticking\n")


@pytest.mark.parametrize("name", ("NioClient", "NettyClient"))
def test_java(door, echo_server, name):
    folder = os.path.dirname(loop_client(f"{name}.class"))
    run = door.run(["java", "-Xshare:auto", "-cp", f"{folder}:{NETTY}", name, str(COUNT), "echo.test",
                    str(echo_server.port)])
    must_have_dialled(run, f"{COUNT} of {COUNT}, ticking\n")


def test_node(door, echo_server):
    code = """
let [good, ended, ticks] = [0, 0, 0];
const [host, port, count] = [process.argv[1], +process.argv[2], +process.argv[3]];
const timer = setInterval(() => ++ticks, 5);
for (let i = 0; i < count; ++i) {
  const socket = require('net').connect(port, host, () => socket.write('ping\\n'));
  socket.on('data', data => { good += data == 'ping\\n'; socket.end(); });
  socket.on('error', error => console.log(error.code));
  socket.on('close', () => {
    if (++ended == count) { clearInterval(timer); console.log(good, ticks >= 5); }
  });
}
"""
    run = door.run(["node", "-e", code, "echo.test", str(echo_server.port), str(COUNT)])
    must_have_dialled(run, f"{COUNT} true\n")


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Hello)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_curl_parallel(door, web):
    run = door.run(["curl", "-sS", "--no-progress-meter", "--parallel", "--parallel-immediate",
                    "--parallel-max", str(COUNT), "-w", "%{http_code}\n", "-o", "/dev/null",
                    f"http://echo.test:{web}/[1-{COUNT}]"])
    must_have_dialled(run, "200\n" * COUNT)


def test_curl_is_told_of_a_refusal(door):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        run = door.run(["curl", "-sS", f"http://echo.test:{closed.getsockname()[1]}/"])
    assert run.status == 7 and re.search(r"Couldn't connect|refused", run.err), str(run)


@pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin"), reason="no nginx")
def test_nginx_as_a_client(library, slow, web, tmp_path):  # noqa: F811
    """proxy_pass: the worker's one loop has the client's connection and the dial in it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {tmp_path}/a; proxy_temp_path {tmp_path}/b; fastcgi_temp_path {tmp_path}/c;
  uwsgi_temp_path {tmp_path}/d; scgi_temp_path {tmp_path}/e;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://127.0.0.2:{web}; }}
  }}
}}
""")
    log = tmp_path / "log.json"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GOCHAIN_")} | {
        "LD_PRELOAD": LIBRARY, "GOCHAIN_CONF": library.rules(slow), "GOCHAIN_LOG": "info",
        "GOCHAIN_LOG_FORMAT": "json", "GOCHAIN_LOG_FILE": str(log)}
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", str(tmp_path / "nginx.conf")],
                             env=environment, stdin=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        run = library.alone(["curl", "-sS", "--no-progress-meter", "--parallel",
                             "--parallel-immediate", "-w", "%{http_code}\n", "-o", "/dev/null",
                             f"http://127.0.0.1:{port}/[1-20]"], timeout=30)
    finally:
        nginx.terminate()
        nginx.wait(10)
    assert run.out == "200\n" * 20, str(run) + (tmp_path / "error").read_text()
    assert log.read_text().count('"connect"') == 20
