"""What holds for every test: no network, and examples that do not depend on how busy the machine is."""

import ipaddress
import os
import socket

import pytest
from hypothesis import settings

# Tensors of tests are tiny, and tests run side by side: more threads of torch only wait for each other. It reads this
# when it is imported; kernels of numba have their own number.
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("manylabel", deadline=None, print_blob=True)
settings.load_profile("manylabel")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Refuse connections that leave the machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise RuntimeError(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
