"""Wait for what real servers do in their own time."""

import socket
import time


def wait_for(probe, what, timeout=30, pause=0.25):
    """Return the first true value of a function.

    :param probe: function without arguments
    :param str what: what is waited for, for the failure
    :param timeout: seconds
    :raise AssertionError: when it does not come in time
    """
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {timeout} s in vain for {what}.")
        time.sleep(pause)


def free_port():
    """Return a TCP port of the loopback interface that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def is_listening(port):
    """Whether something accepts connections on a port of the loopback interface."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def end(process, patience=20):
    """Ask a process to end, and make it end if it does not."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except Exception:
        process.kill()
        process.wait()
