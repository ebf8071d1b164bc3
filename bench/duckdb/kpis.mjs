// Computes the eight tables of docs/kpis.md with DuckDB: node kpis.mjs DATA OUT [options]
//   --formulation sorted|hashed|plain   which sql/*.sql makes the counts (default sorted, the fastest found)
//   --from DATE --days N                what the listens span; packing needs to know
//   --threads N                         default 2
//   --times                             say on stderr how long each statement took
// DATA holds landing/songs, landing/users and landing/streams; OUT gets <table>.csv.
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    formulation: { type: 'string', default: 'sorted' },
    from: { type: 'string', default: '2024-06-25' },
    days: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    times: { type: 'boolean', default: false },
  },
});
const [data, out] = positionals;

/** How many bits hold the numbers from 0 to count - 1. */
const bitsFor = count => Math.max(1, Math.ceil(Math.log2(Number(count))));

/** Counts users by one byte of their bits after the other. Genres are the bits from 0, hours those from 128. */
function usersByByte(genres) {
  const bytes = [];
  for (let bit = 0; bit < genres; bit += 8) bytes.push([bit, `genres${bit >> 6} >> ${bit & 63}`]);
  for (let bit = 0; bit < 24; bit += 8) bytes.push([128 + bit, `hours >> ${bit}`]);
  return bytes
    .map(([bit, byte]) => `SELECT day, ${bit} AS first_bit, ((${byte}) & 255)::UTINYINT AS byte, count(*) AS n FROM by_user GROUP BY ALL`)
    .join(' UNION ALL ');
}

async function main() {
  mkdirSync(out, { recursive: true });
  const database = await DuckDBInstance.create(':memory:', { threads: given.threads, temp_directory: `${out}/spilled` });
  const connection = await database.connect();

  const value = async sql => Number((await connection.runAndReadAll(sql)).getRows()[0][0]);
  const run = async (file, names) => {
    const text = readFileSync(new URL(`sql/${file}.sql`, import.meta.url), 'utf8')
      .replaceAll(/^\s*--.*$/gm, '')
      .replaceAll(/\$([A-Z_]+)/g, (_, name) => {
        if (!(name in names)) throw new Error(`${file}.sql asks for $${name}, which nobody gives.`);
        return names[name];
      });
    for (const statement of text.split(/;\s*$/m).map(s => s.trim()).filter(s => s !== '')) {
      const began = performance.now(), cpu = process.cpuUsage();
      await connection.run(statement);
      const used = process.cpuUsage(cpu);
      if (given.times) {
        const seconds = ((performance.now() - began) / 1000).toFixed(2), cpuSeconds = ((used.user + used.system) / 1e6).toFixed(2);
        console.error(`${seconds.padStart(7)} s, CPU ${cpuSeconds.padStart(6)} s  ${statement.replace(/\s+/g, ' ').slice(0, 80)}`);
      }
    }
  };

  const names = { DATA: data, OUT: out, FROM: given.from };
  await run('catalogue', names);

  const genres = await value('SELECT count(*) FROM genre');
  if (genres > 128) throw new Error(`${genres} genres, and these statements know two times 64 bits.`);
  const users = await value('SELECT max(user_id) FROM usr') + 1;
  const trackBits = bitsFor(await value('SELECT count(*) FROM track'));
  const secondBits = bitsFor(Number(given.days) * 86400);
  if (given.formulation !== 'plain' && bitsFor(users) + secondBits + trackBits > 63)
    throw new Error('User, second and track do not fit 63 bits: take --formulation plain.');

  await run(given.formulation, {
    ...names,
    TRACK_BITS: trackBits,
    SECOND_BITS: secondBits,
    SECOND_MASK: `((1::BIGINT << ${secondBits}) - 1)`,
    USER_TYPE: users < 2 ** 31 ? 'INTEGER' : 'BIGINT',
  });
  await run('tables', { ...names, USERS_BY_BYTE: usersByByte(genres) });
}

try {
  await main();
  process.exit(0); // Without taking the tables apart.
} catch (error) {
  console.error(`duckdb: ${error.message}`);
  process.exit(1);
}
