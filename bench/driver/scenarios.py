"""The scenarios: what is measured, on which input. Each is a function of the workbench that returns findings."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import answers
from figures import median, rate, ratio, seconds, short, spread
from findings import Findings, cpu_cell, peak_cell, ratios, stages_note, wall, wall_cells
from inputs import Input, Options
from lakes import Lake, Lakes
from problem import Problem
from process import Sample, call, measure
from servers import S3, serving
from workbench import LAKES, Workbench

Scenario = Callable[[Workbench], Findings]

SCENARIOS: dict[str, Scenario] = {}

UNCOMPACTED = "e7249e2"
"""The last commit that opens every slice of a date whenever the date is computed."""


def scenario(name: str) -> Callable[[Scenario], Scenario]:
    def add(function: Scenario) -> Scenario:
        SCENARIOS[name] = function
        return function

    return add


def main_input(bench: Workbench) -> Options:
    return Options(listens=bench.size(50_000_000, 500_000), users=bench.size(1_000_000, 20_000), tracks=bench.size(90_000, 10_000))


def quarter(bench: Workbench, **other: int) -> Options:
    """A quarter of the main input's rows: enough to see how cost grows."""
    return Options(
        **{"listens": bench.size(12_500_000, 125_000), "users": bench.size(1_000_000, 20_000), "tracks": bench.size(90_000, 10_000)} | other
    )


@scenario("main")
def main(bench: Workbench) -> Findings:
    """Downbeat and DuckDB by turns on 50 M listens, answers compared."""
    return _beside(bench, bench.input(main_input(bench)), "Downbeat and DuckDB", ["DuckDB"])


@scenario("pandas")
def pandas(bench: Workbench) -> Findings:
    """Downbeat, DuckDB and pandas by turns on 5 M listens, answers compared."""
    options = Options(listens=bench.size(5_000_000, 100_000), users=bench.size(1_000_000, 20_000), tracks=bench.size(90_000, 10_000))
    return _beside(bench, bench.input(options), "Downbeat, DuckDB and pandas", ["DuckDB", "pandas"])


def _beside(bench: Workbench, given: Input, who: str, peers: list[str]) -> Findings:
    compared: dict[str, int] = {}
    with bench.scratch() as scratch, bench.lakes.fresh(given.folder / "landing") as reference:
        print("  a first round, which does not count; its answers are compared", flush=True)
        reference.run()
        tables = reference.tables()
        bytes_of_tables = answers.digest(tables)
        measured = {"DuckDB": lambda: bench.duckdb(given, scratch / "DuckDB"), "pandas": lambda: bench.pandas(given, scratch / "pandas")}
        contenders = {peer: measured[peer] for peer in peers}
        for peer, contender in contenders.items():
            contender()
            compared[peer] = answers.agree(tables, scratch / peer, peer)
            print(f"  {peer} and Downbeat agree in {compared[peer]:,} values", flush=True)

        def ours() -> Sample:
            return bench.run_fresh(given, then=lambda lake: _expect_bytes(lake, bytes_of_tables))

        samples = bench.by_turns(bench.rounds(5), Downbeat=ours, **contenders)
        for peer in peers:
            answers.agree(tables, scratch / peer, peer)

    rows = [["", "wall s, median", "min – max", "listens/s", "CPU s", "peak MB", "times Downbeat, median of pairs", "min – max"]]
    for name, of in samples.items():
        times = ratios(of, samples["Downbeat"])
        of_pairs = ["1", ""] if name == "Downbeat" else [ratio(median(times)), f"{ratio(min(times))} – {ratio(max(times))}"]
        rows.append([name, *wall_cells(of), rate(given.options.listens, wall(of)), cpu_cell(of), peak_cell(of), *of_pairs])
    notes = [stages_note(samples["Downbeat"])]
    notes += [f"The answers of Downbeat and {peer} agree in {count:,} values of eight tables." for peer, count in compared.items()]
    title = f"{who}: {short(given.options.listens)} listens, {len(samples['Downbeat'])} rounds by turns"
    return Findings(title, rows, notes, samples, [given.options.name])


@scenario("duckdb")
def duckdb(bench: Workbench) -> Findings:
    """DuckDB's formulations by turns, on the main input."""
    given = bench.input(main_input(bench))
    formulations = ["sorted", "hashed", "plain"]
    with bench.scratch() as scratch, bench.lakes.fresh(given.folder / "landing") as reference:
        reference.run()
        contenders = {name: lambda name=name: bench.duckdb(given, scratch / name, name) for name in formulations}
        samples = bench.by_turns(bench.rounds(3), **contenders)
        for name in formulations:
            answers.agree(reference.tables(), scratch / name, f"DuckDB ({name})")
    rows = [["bench/duckdb/sql/", "wall s, median", "min – max", "CPU s", "peak MB"]]
    rows += [[f"{name}.sql", *wall_cells(of), cpu_cell(of), peak_cell(of)] for name, of in samples.items()]
    notes = ["All give Downbeat's answers. The scenarios above use sorted.sql."]
    return Findings("How DuckDB is asked", rows, notes, samples, [given.options.name])


@scenario("users")
def users(bench: Workbench) -> Findings:
    """The main input with more users, and with user ids spread over 40 bits."""
    base = main_input(bench)
    many = bench.size(20_000_000, 200_000)
    variants = {
        f"{short(base.users)} users": base,
        f"{short(many)} users": _replace(base, users=many),
        f"{short(base.users)} users, ids of 40 bits": _replace(base, user_id_bits=40),
    }
    return _growth(bench, "Users", variants)


@scenario("growth")
def growth(bench: Workbench) -> Findings:
    """From 5 M to 200 M listens."""
    base = main_input(bench)
    counts = [bench.size(full, full // 100) for full in (5_000_000, 12_500_000, 25_000_000, 50_000_000, 100_000_000, 200_000_000)]
    variants = {f"{short(count)} listens": _replace(base, listens=count) for count in counts}
    return _growth(bench, "Listens", variants, f"{short(base.listens)} listens")


@scenario("tracks")
def tracks(bench: Workbench) -> Findings:
    """A catalogue of 10 k, 90 k and 1 M tracks."""
    counts = [10_000, 90_000, bench.size(1_000_000, 200_000)]
    return _growth(bench, "Tracks", {f"{short(count)} tracks": quarter(bench, tracks=count) for count in counts})


@scenario("dates")
def dates(bench: Workbench) -> Findings:
    """The same number of listens on 3, 30 and 365 dates."""
    return _growth(bench, "Dates", {f"{days} dates": quarter(bench, days=days) for days in (3, 30, bench.size(365, 60))})


@scenario("files")
def files(bench: Workbench) -> Findings:
    """The same number of listens in 8, 100 and 1,000 files."""
    return _growth(bench, "Files", {f"{count:,} files": quarter(bench, files=count) for count in (8, 100, bench.size(1_000, 200))})


def _growth(bench: Workbench, title: str, variants: dict[str, Options], against: str | None = None) -> Findings:
    """One row for each input. Rates are compared with that of one of them, the first unless another is named."""
    given = {name: bench.input(options) for name, options in variants.items()}
    samples = bench.by_turns(bench.rounds(3), **{name: lambda one=one: bench.run_fresh(one) for name, one in given.items()})
    against = against or next(iter(variants))
    usual = variants[against].listens / wall(samples[against])
    rows = [["", "wall s, median", "min – max", "listens/s", f"of {against}", "CPU s", "peak MB", *_stage_names(samples)]]
    for name, of in samples.items():
        listens = variants[name].listens
        share = f"{listens / wall(of) / usual:.2f}"
        rows.append([name, *wall_cells(of), rate(listens, wall(of)), share, cpu_cell(of), peak_cell(of), *_stage_cells(samples, of)])
    return Findings(title, rows, [], samples, [options.name for options in variants.values()])


@scenario("late")
def late(bench: Workbench) -> Findings:
    """A late file of 1 % of a date of 16 M listens, against that date from CSV in whole. Start-up is taken off both."""
    options = Options(
        listens=bench.size(16_000_000, 400_000), users=bench.size(1_000_000, 20_000), tracks=bench.size(90_000, 10_000), days=1
    )
    given = bench.input(options)
    folder = bench.inputs.derived(options, "late", _split_late)
    base, late_file = sorted((folder / "base").iterdir()), [folder / "streams-late.csv"]

    def whole() -> Sample:
        with bench.lakes.fresh(given.folder / "landing", base + late_file) as lake:
            given.warm()
            _warm([*base, *late_file])
            sample = lake.run()
            expected.append(answers.digest(lake.tables()))
            return sample

    def only_late() -> Sample:
        with bench.lakes.fresh(given.folder / "landing", base) as lake:
            lake.run()
            lake.land("streams", late_file)
            sample = lake.run()
            _expect_bytes(lake, expected[-1])
            return sample

    expected: list[str] = []
    with _small_lake(bench) as small:
        contenders = {"the date from CSV": whole, "the late file": only_late, "nothing to do": small.run}
        samples = bench.by_turns(bench.rounds(5), **contenders)
    start = wall(samples["nothing to do"])
    csv, file = (wall(samples[name]) - start for name in ("the date from CSV", "the late file"))
    rows = [["", "wall s, median", "min – max", "without start-up", "share", "CPU s", "peak MB"]]
    for name, of in samples.items():
        own = wall(of) - start
        cells = ["", ""] if name == "nothing to do" else [seconds(own), f"{100 * own / csv:.1f} %"]
        rows.append([name, *wall_cells(of), *cells, cpu_cell(of), peak_cell(of)])
    notes = [
        f"The late file holds every hundredth row of a date of {short(options.listens)} listens in {options.files} files. It costs "
        f"{100 * file / csv:.1f} % of the whole date; the tables are the same, byte for byte.",
        stages_note(samples["the date from CSV"], "The date from CSV"),
        stages_note(samples["the late file"], "The late file"),
    ]
    return Findings("A late file", rows, notes, samples, [options.name])


def _split_late(given: Input, folder: Path) -> None:
    """Takes every hundredth row out of the files of a date, into a file of its own."""
    (folder / "base").mkdir()
    with open(folder / "streams-late.csv", "wb") as late_file:
        for number, path in enumerate(given.streams):
            header, *rows = path.read_bytes().splitlines(keepends=True)
            if number == 0:
                late_file.write(header)
            late_file.writelines(rows[50::100])
            del rows[50::100]
            with open(folder / "base" / path.name, "wb") as rest:
                rest.write(header)
                rest.writelines(rows)


@scenario("idle")
def idle(bench: Workbench) -> Findings:
    """`run` with nothing to do on a lake of 1,000 dates; `version`; `--help`."""
    days = bench.size(1_000, 50)
    # So early that all of them lie in the past.
    given = bench.input(Options(listens=days * 1_000, users=20_000, tracks=10_000, first="2020-01-01", days=days, files=20))
    with bench.lakes.fresh(given.folder / "landing") as lake, _small_lake(bench) as small:
        first = lake.run()
        contenders = {
            f"run, nothing to do, {days:,} dates": lake.run,
            "run, nothing to do, 3 dates": small.run,
            "version": lambda: measure([*bench.downbeat, "version"]),
            "--help": lambda: measure([*bench.downbeat, "--help"]),
        }
        samples = bench.by_turns(bench.rounds(11), **contenders)
    rows = [["", "wall s, median", "min – max", "CPU s", "peak MB"]]
    rows += [[name, *wall_cells(of), cpu_cell(of), peak_cell(of)] for name, of in samples.items()]
    notes = [f"The run before, which computed the {days:,} dates, took {seconds(first.seconds)} s.", f"Run as `{' '.join(bench.downbeat)}`."]
    return Findings("Nothing to do, and start-up", rows, notes, samples, [given.options.name])


@scenario("small-files")
def small_files(bench: Workbench) -> Findings:
    """10,000 files of 100 rows."""
    count = bench.size(10_000, 300)
    given = bench.input(Options(listens=count * 100, users=50_000, tracks=20_000, files=count))
    samples = bench.by_turns(bench.rounds(3), **{f"{count:,} files of 100 rows": lambda: bench.run_fresh(given)})
    rows = [["", "wall s, median", "min – max", "files/s", "files/s of the scan", "CPU s", "peak MB"]]
    for name, of in samples.items():
        scan = median([sample.stages["scan"] for sample in of])
        rows.append([name, *wall_cells(of), rate(count, wall(of)), rate(count, scan), cpu_cell(of), peak_cell(of)])
    notes = [stages_note(next(iter(samples.values())))]
    return Findings("Many small files", rows, notes, samples, [given.options.name])


@scenario("tiny-files")
def tiny_files(bench: Workbench) -> Findings:
    """10,000 files of one row of one date, then a late row; with and without compaction; and sweep."""
    count = bench.size(10_000, 300)
    given = bench.input(Options(listens=count + 1, users=50_000, tracks=20_000, days=1, files=count + 1))
    *files, late_file = given.streams
    samples: dict[str, list[Sample]] = {}
    tables: set[str] = set()
    swept = ""

    def both(name: str, lakes: Lakes) -> Callable[[], Sample]:
        def run() -> Sample:
            nonlocal swept
            with lakes.fresh(given.folder / "landing", files) as lake:
                given.warm()
                first = lake.run()
                lake.land("streams", [late_file])
                steps = {"the files": first, "a late row": lake.run(), "nothing to do": lake.run()}
                tables.add(answers.digest(lake.tables()))
                if lakes is bench.lakes:
                    steps["sweep --dry-run"] = measure([*bench.downbeat, "sweep", "--dry-run", "--lake", str(lake.folder)])
                    steps["sweep"] = measure([*bench.downbeat, "sweep", "--yes", "--lake", str(lake.folder)])
                    swept = steps["sweep"].output.strip().splitlines()[-1]
                    steps["a run after it"] = lake.run()
                for step, sample in steps.items():
                    samples.setdefault(f"{step}, {name}", []).append(sample)
                return first

        return run

    before = Lakes(bench.data / LAKES / "before", bench.before(UNCOMPACTED))
    without, compacted = "without compaction", "as it is"
    bench.by_turns(bench.rounds(3), **{without: both(without, before), compacted: both(compacted, bench.lakes)})
    if len(tables) > 1:
        raise Problem("Compaction changes the tables.")
    rows = [["", "wall s, median", "min – max", "CPU s", "peak MB"]]
    rows += [[name, *wall_cells(of), cpu_cell(of), peak_cell(of)] for name, of in samples.items()]
    notes = [
        f"{count:,} files of a row each, all of one date. Without compaction is commit {UNCOMPACTED}, the last one that had none. The tables "
        "are the same, byte for byte.",
        *(stages_note(samples[f"{step}, {name}"], f"{step[0].upper()}{step[1:]}, {name}") for step in ("the files", "a late row") for name in (without, compacted)),
        f"What sweep said: {swept}",
    ]
    return Findings("Ten thousand files of a row", rows, notes, samples, [given.options.name])


@scenario("gzip")
def gzip(bench: Workbench) -> Findings:
    """.csv.gz against plain CSV, and against decompression alone by gzip and by .NET."""
    plain, packed = bench.input(quarter(bench)), bench.input(_replace(quarter(bench), gzip=True))
    gunzip = bench.gunzip()
    names = [str(path) for path in packed.streams]

    def decompressed(command: list[str]) -> Sample:
        packed.warm()
        return measure(command)

    shell = 'printf "%s\\0" "$@" | xargs -0 -n 1 -P "$0" gzip -dc > /dev/null'
    samples = bench.by_turns(
        bench.rounds(3),
        **{
            "downbeat run, .csv": lambda: bench.run_fresh(plain),
            "downbeat run, .csv.gz": lambda: bench.run_fresh(packed),
            f"only .NET's GZipStream, {bench.cores} threads": lambda: decompressed([*gunzip, str(bench.cores), *names]),
            f"only gzip -dc, {bench.cores} processes": lambda: decompressed(["bash", "-c", shell, str(bench.cores), *names]),
        },
    )
    rows = [["", "wall s, median", "min – max", "listens/s", "CPU s", "peak MB"]]
    for name, of in samples.items():
        rows.append([name, *wall_cells(of), rate(plain.options.listens, wall(of)), cpu_cell(of), peak_cell(of)])
    notes = [
        stages_note(samples["downbeat run, .csv"], "Stages of .csv"),
        stages_note(samples["downbeat run, .csv.gz"], "Stages of .csv.gz"),
        "Peak MB of gzip is that of one process.",
    ]
    return Findings("Compressed files", rows, notes, samples, [plain.options.name, packed.options.name])


@scenario("workers")
def workers(bench: Workbench) -> Findings:
    """1, 2 and 8 workers on the main input, tables compared byte for byte."""
    variants = {f"--workers {count}": (("--workers", str(count)), None) for count in (1, 2, 8)}
    findings = _variants(bench, "Workers", variants)
    one, two = findings.samples["--workers 1"], findings.samples["--workers 2"]
    times = ratios(one, two)
    findings.notes.append(f"From 1 to 2 workers: {ratio(median(times))} times as fast (pairs {ratio(min(times))} – {ratio(max(times))}).")
    return findings


@scenario("scan")
def scan(bench: Workbench) -> Findings:
    """DOWNBEAT_SCAN=scalar against the kernel chosen for this machine, tables compared byte for byte."""
    variants = {"chosen for this machine": ((), None), "DOWNBEAT_SCAN=scalar": ((), {"DOWNBEAT_SCAN": "scalar"})}
    return _variants(bench, "Vector kernels and their scalar twins", variants)


@scenario("buffers")
def buffers(bench: Workbench) -> Findings:
    """sortBufferMb of 64, 256 and 1,024."""
    variants = {f"--sort-buffer-mb {size}": (("--sort-buffer-mb", str(size)), None) for size in (64, 256, 1024)}
    return _variants(bench, "Sort buffer", variants)


@scenario("s3")
def s3(bench: Workbench) -> Findings:
    """The same run on a folder and on S3 (radosgw on this machine, beside the run)."""
    given = bench.input(quarter(bench))
    landing = given.folder / "landing"
    with serving("s3-radosgw") as (_, [endpoint, *keys]), bench.lakes.fresh(landing) as reference:
        reference.run()
        expected = answers.digest(reference.tables())
        store = S3(endpoint, *keys)
        store.put("bench")

        def on_s3() -> Sample:
            place = f"bench/lake-{next(numbers)}"
            call([*bench.downbeat, "init", f"s3://{place}"], store.environment)
            store.land(place, landing)
            sample = measure([*bench.downbeat, "run", "--lake", f"s3://{place}", "--json"], store.environment)
            sample.stages = json.loads(sample.output)["stageSeconds"]
            return sample

        numbers = count()
        on_folder = lambda: bench.run_fresh(given, then=lambda lake: _expect_bytes(lake, expected))
        samples = bench.by_turns(bench.rounds(3), **{"a folder": on_folder, "S3": on_s3})
    rows = [["", "wall s, median", "min – max", "listens/s", "CPU s", "peak MB", *_stage_names(samples)]]
    for name, of in samples.items():
        rows.append([name, *wall_cells(of), rate(given.options.listens, wall(of)), cpu_cell(of), peak_cell(of), *_stage_cells(samples, of)])
    notes = ["The server shares the processors with the run; CPU s are those of Downbeat alone."]
    return Findings(f"A lake on S3: {short(given.options.listens)} listens", rows, notes, samples, [given.options.name])


@scenario("load")
def load(bench: Workbench) -> Findings:
    """How fast the tables of a lake of 1,000 dates go into SQLite and PostgreSQL."""
    days = bench.size(1_000, 50)
    given = bench.input(Options(listens=days * 1_000, users=20_000, tracks=10_000, first="2020-01-01", days=days, files=20))
    off = {"DOWNBEAT_SQLITE": "false"}
    with serving("postgres") as (port, _), bench.lakes.fresh(given.folder / "landing") as lake:
        lake.run(environment=off)
        count_of = sum(path.read_bytes().count(b"\n") - 1 for paths in lake.tables().values() for path in paths)

        def sqlite() -> Sample:
            (lake.folder / "warehouse.db").unlink(missing_ok=True)
            return lake.run()

        def postgres() -> Sample:
            settings = {
                "DOWNBEAT_POSTGRES": f"postgresql://postgres@127.0.0.1:{port}/postgres",
                "DOWNBEAT_POSTGRES_PASSWORD": "secret of postgres",
                "DOWNBEAT_POSTGRES_SCHEMA": f"bench_{next(numbers)}",
                "DOWNBEAT_POSTGRES_TLS": "off",
            }
            return lake.run(environment=off | settings)

        numbers = count()
        samples = bench.by_turns(bench.rounds(3), SQLite=sqlite, PostgreSQL=postgres)
    rows = [["", "publish s, median", "rows/s", "wall s of the run", "CPU s of the run", "peak MB"]]
    for name, of in samples.items():
        publish = median([sample.stages["publish"] for sample in of])
        rows.append([name, seconds(publish), rate(count_of, publish), seconds(wall(of)), cpu_cell(of), peak_cell(of)])
    notes = [f"{count_of:,} rows of eight tables, {days:,} dates, read back from kpis/. PostgreSQL 15 on this machine without durability."]
    return Findings("Loading destinations", rows, notes, samples, [given.options.name])


def _variants(bench: Workbench, title: str, variants: dict[str, tuple[tuple[str, ...], dict[str, str] | None]]) -> Findings:
    """The main input run with different flags or variables: all have to publish the same bytes."""
    given = bench.input(main_input(bench))
    digests: dict[str, str] = {}

    def contender(name: str) -> Sample:
        flags, environment = variants[name]
        return bench.run_fresh(
            given, *flags, environment=environment, then=lambda lake: digests.__setitem__(name, answers.digest(lake.tables()))
        )

    samples = bench.by_turns(bench.rounds(3), **{name: lambda name=name: contender(name) for name in variants})
    if len(set(digests.values())) > 1:
        raise Problem(f"The published bytes differ: {', '.join(f'{name} {digest[:12]}' for name, digest in digests.items())}.")
    rows = [["", "wall s, median", "min – max", "listens/s", "CPU s", "peak MB", *_stage_names(samples)]]
    for name, of in samples.items():
        speed = rate(given.options.listens, wall(of))
        rows.append([name, *wall_cells(of), speed, cpu_cell(of), peak_cell(of), *_stage_cells(samples, of)])
    notes = ["All publish the same bytes."]
    return Findings(f"{title}: {short(given.options.listens)} listens", rows, notes, samples, [given.options.name])


@contextmanager
def _small_lake(bench: Workbench) -> Iterator[Lake]:
    """A lake with nothing to do and nearly nothing in it: running on it costs start-up alone."""
    given = bench.input(Options(listens=1_000, users=100, tracks=100, files=1))
    with bench.lakes.fresh(given.folder / "landing") as lake:
        lake.run()
        yield lake


def _expect_bytes(lake: Lake, expected: str) -> None:
    if answers.digest(lake.tables()) != expected:
        raise Problem("Two runs that should publish the same bytes did not.")


def _stage_names(samples: dict[str, list[Sample]]) -> list[str]:
    return list(dict.fromkeys(f"{stage} s" for of in samples.values() for sample in of for stage in sample.stages))


def _stage_cells(samples: dict[str, list[Sample]], of: list[Sample]) -> list[str]:
    return [seconds(median([sample.stages.get(name[:-2], 0) for sample in of])) for name in _stage_names(samples)]


def _replace(options: Options, **other) -> Options:
    return Options(**{**options.__dict__, **other})


def _warm(files: list[Path]) -> None:
    for path in files:
        path.read_bytes()
