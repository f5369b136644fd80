"""What DuckDB for Python gives for a value of a type: one JSON line in, one out.

Where Python has a value of the type, that value is bound, so that DuckDB's casts of text play no part. Numbers arrive as their text.
"""
import base64
import datetime
import decimal
import json
import re
import sys
import uuid

import duckdb

connection = duckdb.connect()
connection.execute("SET TimeZone = 'UTC'")
connection.execute("CREATE TYPE mood AS ENUM ('sad', 'glad', 'it''s')")
decimal.getcontext().prec = 10_000

INTEGERS = ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT', 'UHUGEINT')


def python_value(sql, kind, value):
    """`value`, of which `kind` tells how JSON wrote it, as Python's own value."""
    if sql in INTEGERS:
        return int(decimal.Decimal(value))
    if sql == 'BIGNUM':
        return str(int(decimal.Decimal(value)))
    if sql.startswith('DECIMAL'):
        text = format(decimal.Decimal(value).normalize(), 'f')
        # Python's client binds a DOUBLE if there are more digits than a DECIMAL has, with the 0 before the point.
        return decimal.Decimal(text) if sum(map(str.isdigit, text)) <= 38 else text
    if sql in ('FLOAT', 'DOUBLE') and kind == 'number':
        return float(value)
    if sql == 'BOOLEAN':
        return value in (True, 'true')
    if sql == 'BLOB':
        return base64.b64decode(value, validate=True)
    if sql == 'UUID':
        return uuid.UUID(value)
    if sql == 'JSON' and kind != 'text':
        return json_text({'kind': kind, 'value': value})
    return temporal(sql, value) if sql.startswith(('DATE', 'TIME')) and sql != 'TIME_NS' else value


def temporal(sql, value):
    """A date or time, as text if Python's own has less digits or a smaller range, or Python's client does not bind it."""
    fraction = value.partition('.')[2].partition('+')[0].partition('-')[0]
    try:
        if sum(character.isdigit() for character in fraction) > 6:
            raise ValueError(value)
        if sql == 'DATE':
            return datetime.date.fromisoformat(value)
        if sql == 'TIME':
            return datetime.time.fromisoformat(value)
        if sql == 'TIMETZ':
            return datetime.time.fromisoformat(value).isoformat()
        moment = datetime.datetime.fromisoformat(value)
        return moment.astimezone(datetime.timezone.utc) if sql == 'TIMESTAMPTZ' else moment.replace(tzinfo=None)
    except (OverflowError, ValueError):
        value = re.sub(r'([T ]\d\d:\d\d)(?=[-+Z])', r'\1:00', value)
        return value.removesuffix('Z') + ('+00' if value.endswith('Z') and sql.endswith('TZ') else '')


def json_text(node):
    kind, value = node['kind'], node['value']
    if kind == 'null':
        return 'null'
    if kind == 'number':
        # As JavaScript writes it: only minus zero differs from the text of the number.
        return '0' if value == '-0' else value
    if kind == 'list':
        return '[' + ','.join(map(json_text, value)) + ']'
    if kind == 'object':
        return '{' + ','.join(f'{json_text({"kind": "text", "value": key})}:{json_text(item)}' for key, item in value) + '}'
    return json.dumps(value, ensure_ascii=False)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def expression(shape, node, parameters):
    """The SQL of a value, whose leaves are parameters."""
    kind, value, sql = node['kind'], node['value'], shape['sql']
    if kind == 'null':
        return f'CAST(NULL AS {sql})'
    part = lambda inner, item: expression(inner, item, parameters)
    parts = shape.get('parts', [])
    form = shape['form']
    if form in ('list', 'array'):
        inner = '[' + ', '.join(part(parts[0]['shape'], item) for item in value) + ']'
    elif form == 'struct':
        fields = {key.lower(): item for key, item in value}
        inner = 'struct_pack(' + ', '.join(f'{quoted(each["name"])} := {part(each["shape"], fields[each["name"].lower()])}' for each in parts) + ')'
    elif form == 'map':
        entries = [[{'kind': 'text', 'value': key}, item] for key, item in value] if kind == 'object' else [entry_of(each) for each in value]
        keys, items = zip(*entries) if entries else ((), ())
        inner = f'MAP([{", ".join(part(parts[0]["shape"], key) for key in keys)}], [{", ".join(part(parts[1]["shape"], item) for item in items)}])'
    elif form == 'union':
        [[key, item]] = value
        [member] = [each for each in parts if each['name'].lower() == key.lower()]
        inner = f'union_value({quoted(member["name"])} := {part(member["shape"], item)})'
    else:
        parameters.append(python_value(sql, kind, value))
        inner = '?'
    return f'CAST({inner} AS {sql})'


def entry_of(node):
    entry = dict(node['value'])
    return [entry['key'], entry['value']]


def answer(case):
    parameters = []
    try:
        sql = expression(case['shape'], case['node'], parameters)
        # DuckDB's hash tells values apart that have one text.
        return connection.execute(f'SELECT typeof(v), v::VARCHAR, hash(v)::VARCHAR FROM (SELECT {sql} AS v)', parameters).fetchone()
    except Exception as error:
        return [f'{type(error).__name__}: {error}', None, None]


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
