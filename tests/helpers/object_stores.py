"""A bucket of an S3 server on this machine: real requests over HTTP, by the client that users have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """The address of an empty bucket; skipped where `s3fs` or moto's server is not installed."""
    pytest.importorskip("s3fs")
    server_of = pytest.importorskip("moto.server").ThreadedMotoServer
    server = server_of(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            environment.setenv(name, value)
        pytest.importorskip("boto3").client("s3").create_bucket(Bucket="regenesis")
        yield "s3://regenesis"
    server.stop()
