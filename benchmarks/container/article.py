"""The Python wrapper of "DuckDB on Serverless", as the article describes it, at its best: flat extension files in the image, one shared
connection for each logical database behind a lock, which is bootstrapped before it is handed out."""

import contextlib
import os
import pathlib
import threading
from urllib.parse import urlparse

import duckdb

EXTENSIONS = pathlib.Path("/opt/duckdb_extensions")
FILENAMES = {"postgres": "postgres_scanner"}
KEEPALIVES = "keepalives=1 keepalives_idle=30 keepalives_interval=10 keepalives_count=3"


def load_extension(connection, name):
    file = EXTENSIONS / f"{FILENAMES.get(name, name)}.duckdb_extension"
    if file.exists():
        connection.execute(f"LOAD '{file}'")
    else:
        connection.execute(f"INSTALL {name}; LOAD {name}")


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def attach_postgres(connection):
    # Not at the module's top: what needs no password does not pay for boto3.
    from aws_lambda_powertools.utilities.parameters import get_parameter

    env = os.environ
    password = get_parameter(env["PASSWORD_PARAMETER"], decrypt=True)
    load_extension(connection, "postgres")
    login = (
        f"host={env['PGHOST']} port={env['PGPORT']} dbname={env['PGDATABASE']} user={env['PGUSER']} "
        f"password='{password}' sslmode=require {KEEPALIVES}"
    )
    connection.execute(f"ATTACH {quoted(login)} AS pg_replica (TYPE postgres, READ_ONLY)")


def configure_s3(connection):
    load_extension(connection, "httpfs")
    load_extension(connection, "aws")
    endpoint = urlparse(os.environ["AWS_ENDPOINT_URL_S3"]).netloc
    connection.execute(
        f"CREATE OR REPLACE SECRET s3 (TYPE s3, PROVIDER credential_chain, CHAIN 'env', REGION '{os.environ['AWS_REGION']}', "
        f"ENDPOINT '{endpoint}', USE_SSL false, URL_STYLE 'path')"
    )


STEPS = {"postgres": attach_postgres, "s3": configure_s3}


class Connections:
    def __init__(self):
        self.lock = threading.Lock()
        self.connections = {}

    def get(self, database, bootstrap):
        with self.lock:
            if database not in self.connections:
                connection = duckdb.connect(":memory:", config={"home_directory": os.environ["TMPDIR"]})
                for step in bootstrap:
                    STEPS[step](connection)
                self.connections[database] = connection
            return self.connections[database]


CONNECTIONS = Connections()
BOOTSTRAP = tuple(os.environ["STEPS"].split())


@contextlib.contextmanager
def cursor(database="default", *, bootstrap=BOOTSTRAP):
    opened = CONNECTIONS.get(database, bootstrap).cursor()
    try:
        yield opened
    finally:
        opened.close()


def handler(event):
    with cursor() as opened:
        opened.execute(os.environ["SQL"])
        names = [column[0] for column in opened.description]
        return [dict(zip(names, row)) for row in opened.fetchall()]
