#!/usr/bin/env python3
"""Compares an import of the "Complete Journey" data with the Parquet files, computed independently.

Nothing of ShelfOps takes part in what is expected: DuckDB reads the files, and the few rules that
this data breaks are written down here once more. What was loaded is read through psql as the
application role sees it, so the check goes through row security as any reader does.

    check.py DIRECTORY URL [--tenant SLUG]

DIRECTORY holds transactions.parquet and products.parquet. URL is a login that owns the schema.
Needs the Python package duckdb, and psql on the path. Exits with 1 when anything differs.
"""

import argparse
import csv
import io
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb

# What the files say of one line, and the first rule it breaks. DuckDB writes a double with as few
# digits as tell it apart from its neighbours: what the till wrote. Twenty lines hold the noise of a
# binary subtraction instead of zero; one of those has more decimals than an exact decimal can.
JUDGED = """
create view judged as
select
    line.basket_id || ':' || line.product_id as line_id,
    line.store_id::text as store,
    strftime(line.transaction_timestamp, '%Y-%m') as month,
    line.transaction_timestamp::date as day,
    line.quantity,
    line.sales_value::text as amount,
    len(regexp_extract(amount, '[.](\\d+)', 1))
        - coalesce(try_cast(regexp_extract(amount, 'e(-?\\d+)', 1) as integer), 0) as decimals,
    case
        when decimals > 28 then 'number-readable'
        when line.quantity <= 0 then 'quantity-positive'
        when decimals > 2 then 'money-exact'
        when product.product_id is null then 'known-product'
    end as rule
from '{transactions}' as line
left join '{products}' as product using (product_id)
"""

LOADED_PARTS = """
select
    {part} as part, count(*) as lines, sum(quantity) as units,
    sum(amount::decimal(18, 2)) as amount
from judged
where rule is null
group by part
"""

# Times in this set are UTC.
TABLE_PARTS = """
select
    {part} as part, count(*) as lines, sum(line.quantity) as units,
    sum(line.total_amount) as amount
from transactions as line
join external_ids as external
    on external.customer_id = line.customer_id and external.store_id = line.store_id
where line.customer_id = shelfops.current_customer_id()
    and line.source = 'completejourney'
    and external.source = 'completejourney'
group by 1
"""

ROLLUP_DAYS = """
select
    business_date as part, sum(line_count) as lines, sum(sold_quantity) as units,
    sum(sales_amount) as amount
from daily_sales
where customer_id = shelfops.current_customer_id()
group by 1
"""

QUARANTINE = """
select rule, raw->>'basket_id' || ':' || (raw->>'product_id')
from quarantined_records
where customer_id = shelfops.current_customer_id()
    and source = 'completejourney'
    and stream = 'transactions'
    and status = 'waiting'
"""

ENTITIES = """
select entity, count(*) from external_ids
where customer_id = shelfops.current_customer_id() and source = 'completejourney'
group by 1
"""


class Tenant:
    """One tenant's rows, as the application role sees them."""

    def __init__(self, url, slug):
        self.url, self.slug = url, slug

    def rows(self, query):
        """Answers a query: a tenant is entered for one transaction, so each brings its own."""
        script = (
            "select shelfops.enter_tenant(customer_id) from shelfops.tenants"
            " where slug = :'slug' \\g /dev/null\n"
            "set local role shelfops_app;\n"
            f"copy ({query}) to stdout with (format csv);\n"
        )
        command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction"]
        command += ["--set", "ON_ERROR_STOP=1", "--set", f"slug={self.slug}"]
        answer = subprocess.run(
            [*command, "--dbname", self.url], input=script, text=True, stdout=subprocess.PIPE
        )
        if answer.returncode != 0:
            sys.exit(2)
        return list(csv.reader(io.StringIO(answer.stdout)))


def keyed(rows):
    """Makes rows of (part, lines, units, amount) comparable, whoever wrote the numbers."""
    return {str(part): (int(n), Decimal(units), Decimal(amount)) for part, n, units, amount in rows}


def total(parts):
    """Adds parts up."""
    return [sum(part[column] for part in parts.values()) for column in range(3)]


class Report:
    """Says of each comparison whether it holds."""

    def __init__(self):
        self.differing = 0

    def compare(self, what, expected, found, shown=None):
        """Compares two values; two dictionaries key by key."""
        if expected == found:
            print(f"same     {what}: {expected if shown is None else shown}")
            return
        self.differing += 1
        print(f"DIFFERS  {what}")
        if not isinstance(expected, dict):
            print(f"           files {expected}, database {found}")
            return
        keys = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
        for key in sorted(keys)[:10]:
            print(f"           {key}: files {expected.get(key)}, database {found.get(key)}")


def main():
    """Compares, and exits with 1 when anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("url")
    parser.add_argument("--tenant", default="completejourney")
    arguments = parser.parse_args()
    transactions = arguments.directory / "transactions.parquet"
    products = arguments.directory / "products.parquet"
    files = duckdb.connect()
    files.execute(JUDGED.format(transactions=transactions, products=products))
    ask = lambda query: files.sql(query).fetchall()
    tenant = Tenant(arguments.url, arguments.tenant)
    entities = {entity: int(count) for entity, count in tenant.rows(ENTITIES)}
    if not entities:
        sys.exit(f"the tenant '{arguments.tenant}' has nothing of Complete Journey; import it first")
    report = Report()

    by_store = keyed(ask(LOADED_PARTS.format(part="store")))
    lines, units, amount = total(by_store)
    in_table = keyed(tenant.rows(TABLE_PARTS.format(part="external.external_id")))
    report.compare("lines loaded", lines, total(in_table)[0], f"{lines:,}")
    report.compare("units sold", units, total(in_table)[1], f"{units:,.0f}")
    report.compare("sales value", amount, total(in_table)[2], f"{amount:,.2f}")
    report.compare("lines, units, value of each store", by_store, in_table, f"{len(by_store)} stores")

    by_month = keyed(ask(LOADED_PARTS.format(part="month")))
    utc_month = "to_char(line.occurred_at at time zone 'UTC', 'YYYY-MM')"
    in_table = keyed(tenant.rows(TABLE_PARTS.format(part=utc_month)))
    report.compare("the same of each month", by_month, in_table, f"{len(by_month)} months")

    by_day = keyed(ask(LOADED_PARTS.format(part="day")))
    in_rollup = keyed(tenant.rows(ROLLUP_DAYS))
    report.compare("the same of each day, in the rollup", by_day, in_rollup, f"{len(by_day)} days")

    refused = Counter(ask("select rule, line_id from judged where rule is not null"))
    waiting = Counter(tuple(row) for row in tenant.rows(QUARANTINE))
    by_rule = lambda lines: dict(Counter(rule for rule, _ in lines.elements()).most_common())
    report.compare("quarantined by rule", by_rule(refused), by_rule(waiting))
    report.compare("the very lines in quarantine", refused, waiting, f"{refused.total():,} lines")

    read = ask("select count(*), count(distinct line_id) from judged")[0]
    report.compare("lines read, and different ids among them", *read, f"{read[0]:,}")
    report.compare("every line is somewhere", read[0], lines + waiting.total(), f"{read[0]:,}")

    stores = ask("select count(distinct store) from judged")[0][0]
    catalogue = ask(f"select count(distinct product_id) from '{products}'")[0][0]
    report.compare("products", catalogue, entities.get("product"), f"{catalogue:,}")
    report.compare("stores", stores, entities.get("store"))
    sys.exit(1 if report.differing else 0)


if __name__ == "__main__":
    main()
