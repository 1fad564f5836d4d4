// Compares Parquet files with what is in them (the .values that parquet_samples writes beside each), as hyparquet and
// parquet-wasm (the Rust implementation) read them; and holds bounds, null counts, page indexes and Bloom filters against
// the values. Prints what differs, and ends with 1 if anything does; otherwise one JSON object of what was seen.
// Usage: node compare.mjs FILE.parquet...
import { readFileSync } from 'node:fs'
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { readBloomFilter, sbbfContains } from 'hyparquet/src/bloom.js'
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js'
import { xxhash64 } from 'hyparquet/src/xxhash.js'
import { compressors } from 'hyparquet-compressors'
import { readParquet } from 'parquet-wasm/node'
import { tableFromIPC } from 'apache-arrow'

const TYPES = ['u8', 'u16', 'u32', 'u64', 'address', 'mac', 'timestamp', 'text', 'f64']
const WIDTHS = { u8: 1, u16: 2, u32: 4, u64: 8, mac: 8, timestamp: 8, f64: 8, address: 16 }
const text = new TextDecoder('utf-8', { ignoreBOM: true })
const seen = { files: 0, values: 0, bounds: 0, pages: 0, blooms: 0, encodings: {} }
let differences = 0

function differs(...what) {
  if (++differences <= 20) console.error(...what)
}

// What is in a file: for each column its name, type and the bytes of each row, null for null.
function readValues(name) {
  const bytes = readFileSync(name)
  const columns = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at)
    const column = { name: bytes.toString('latin1', at + 4, at + 4 + length), type: TYPES[bytes[at + 4 + length]] }
    at += 5 + length
    const rows = Number(bytes.readBigUInt64LE(at))
    at += 8
    column.rows = new Array(rows)
    for (let row = 0; row < rows; ++row) {
      if (bytes[at++] === 0) {
        column.rows[row] = null
        continue
      }
      let width = WIDTHS[column.type]
      if (width === undefined) {
        width = bytes.readUInt32LE(at)
        at += 4
      }
      column.rows[row] = bytes.subarray(at, at += width)
    }
    columns.push(column)
  }
  return columns
}

// As the readers below give it.
function value(type, raw) {
  if (raw === null) return null
  switch (type) {
    case 'u8': return raw[0]
    case 'u16': return raw.readUInt16LE()
    case 'u32': return raw.readUInt32LE()
    case 'u64':
    case 'mac': return raw.readBigUInt64LE()
    case 'timestamp': return raw.readBigInt64LE()
    case 'f64': return raw.readDoubleLE()
    case 'address': return raw.toString('hex')
    case 'text': return text.decode(raw)
  }
}

function compare(reader, file, column, values) {
  if (values.length !== column.rows.length) differs(reader, file, column.name, 'has', values.length, 'rows instead of', column.rows.length)
  for (let row = 0; row < column.rows.length; ++row) {
    const want = value(column.type, column.rows[row])
    const got = values[row] ?? null
    // Object.is: NaN is itself, -0 is not 0.
    if (!Object.is(got, want)) return differs(reader, file, column.name, 'row', row, 'is', got, 'instead of', want)
    ++seen.values
  }
}

const parsers = {
  timestampFromMicroseconds: micros => micros,
  uuidFromBytes: bytes => bytes && Buffer.from(bytes).toString('hex'),
}

async function withHyparquet(name, columns) {
  const file = await asyncBufferFromFile(name)
  const metadata = await parquetMetadataAsync(file)
  for (const column of columns) {
    // Columns of nulls are many; in large files they take long.
    if (column.rows.length > 100_000 && column.rows.every(raw => raw === null)) continue
    await parquetRead({
      file, metadata, compressors, parsers, columns: [column.name],
      onComplete: rows => compare('hyparquet', name, column, rows.map(row => row[0])),
    })
  }
}

function withParquetWasm(name, columns) {
  const table = tableFromIPC(readParquet(readFileSync(name)).intoIPCStream())
  if (table.schema.fields.map(field => field.name).join() !== columns.map(column => column.name).join())
    differs('parquet-wasm', name, 'has other columns')
  for (const column of columns) {
    const vector = table.getChild(column.name)
    if (column.rows.every(raw => raw === null)) {
      if (vector.nullCount !== column.rows.length) differs('parquet-wasm', name, column.name, 'is not null everywhere')
      continue
    }
    const values = []
    for (const data of vector.data) {
      const first = values.length
      const raw = ['u64', 'mac', 'timestamp'].includes(column.type)  // Vector.get makes a number of a time
      for (let i = 0; i < data.length; ++i) {
        if (!data.getValid(i)) values.push(null)
        else if (raw) values.push(data.values[i])
        else if (column.type === 'address') values.push(Buffer.from(vector.get(first + i)).toString('hex'))
        else values.push(vector.get(first + i))
      }
    }
    compare('parquet-wasm', name, column, values)
  }
}

const order = {
  u8: (a, b) => a[0] - b[0],
  u16: (a, b) => a.readUInt16LE() - b.readUInt16LE(),
  u32: (a, b) => a.readUInt32LE() - b.readUInt32LE(),
  u64: (a, b) => a.readBigUInt64LE() < b.readBigUInt64LE() ? -1 : 1,
  mac: (a, b) => a.readBigUInt64LE() < b.readBigUInt64LE() ? -1 : 1,
  timestamp: (a, b) => a.readBigInt64LE() < b.readBigInt64LE() ? -1 : 1,
  f64: (a, b) => a.readDoubleLE() - b.readDoubleLE(),
  address: Buffer.compare,
  text: Buffer.compare,
}

// The bounds that these rows should have, as bytes; none if there are no values or they cannot be told.
function boundsOf(type, rows) {
  const compareBytes = order[type]
  let least, greatest
  for (const raw of rows) {
    if (raw === null) continue
    if (type === 'f64' && Number.isNaN(raw.readDoubleLE())) return undefined
    if (least === undefined || compareBytes(raw, least) < 0) least = raw
    if (greatest === undefined || compareBytes(raw, greatest) > 0) greatest = raw
  }
  if (least === undefined) return undefined
  if (type === 'text' && Math.max(least.length, greatest.length) > 64) return undefined
  const stored = (raw, zero) => {
    if (type === 'u8' || type === 'u16') return Buffer.concat([raw, Buffer.alloc(4)], 4)
    if (type === 'f64' && raw.readDoubleLE() === 0) return zero
    return raw
  }
  return [stored(least, Buffer.from('0000000000000080', 'hex')), stored(greatest, Buffer.alloc(8))]
}

function sameBytes(found, want) {
  return found !== undefined && Buffer.compare(Buffer.from(found), want) === 0
}

function thriftAt(bytes, offset) {
  return deserializeTCompactProtocol({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: Number(offset) })
}

// The footer and the indexes as they are in the file, not as a reader presents them (parquet.thrift has the numbers).
function checkMetadata(name, columns) {
  const bytes = readFileSync(name)
  const footer = thriftAt(bytes, bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8))
  let first = 0
  for (const group of footer.field_4) {
    const rowsOfGroup = Number(group.field_3)
    group.field_1.forEach((chunk, c) => {
      const { name: columnName, type, rows: all } = columns[c]
      const rows = all.slice(first, first + rowsOfGroup)
      const where = `${name} ${columnName} from row ${first}`
      const meta = chunk.field_3
      const encodings = { 0: 'PLAIN', 5: 'DELTA_BINARY_PACKED', 8: 'RLE_DICTIONARY' }
      const key = `${encodings[meta.field_2[1]]} ${{ 0: 'UNCOMPRESSED', 6: 'ZSTD', 7: 'LZ4_RAW' }[meta.field_4]}`
      seen.encodings[key] = (seen.encodings[key] ?? 0) + 1
      const nulls = rows.reduce((count, raw) => count + (raw === null), 0)
      const statistics = meta.field_12
      if (Number(statistics.field_3) !== nulls) differs(where, 'null count', statistics.field_3, 'instead of', nulls)
      const offsets = thriftAt(bytes, chunk.field_4).field_1
      const pages = offsets.map((location, p) => rows.slice(Number(location.field_3), Number(offsets[p + 1]?.field_3 ?? rowsOfGroup)))
      const boundsOfPages = pages.map(page => boundsOf(type, page))
      const untold = pages.some((page, p) => boundsOfPages[p] === undefined && page.some(raw => raw !== null))
      const bounds = untold ? undefined : boundsOf(type, rows)
      if (bounds === undefined) {
        if (statistics.field_5 !== undefined || statistics.field_6 !== undefined) differs(where, 'has bounds that cannot be told')
      } else {
        ++seen.bounds
        if (!sameBytes(statistics.field_6, bounds[0])) differs(where, 'least', statistics.field_6, 'instead of', bounds[0])
        if (!sameBytes(statistics.field_5, bounds[1])) differs(where, 'greatest', statistics.field_5, 'instead of', bounds[1])
      }
      if (untold !== (chunk.field_6 === undefined)) differs(where, 'column index:', chunk.field_6, 'though bounds can be told:', !untold)
      if (chunk.field_6 !== undefined) {
        const index = thriftAt(bytes, chunk.field_6)
        pages.forEach((page, p) => {
          ++seen.pages
          const empty = page.every(raw => raw === null)
          if (index.field_1[p] !== empty) differs(where, 'page', p, 'null page', index.field_1[p])
          if (Number(index.field_5[p]) !== page.filter(raw => raw === null).length) differs(where, 'page', p, 'nulls', index.field_5[p])
          const [least, greatest] = boundsOfPages[p] ?? [Buffer.alloc(0), Buffer.alloc(0)]
          if (!sameBytes(index.field_2[p], least)) differs(where, 'page', p, 'least', index.field_2[p], 'instead of', least)
          if (!sameBytes(index.field_3[p], greatest)) differs(where, 'page', p, 'greatest', index.field_3[p], 'instead of', greatest)
        })
      }
      if ((type === 'address' && nulls < rows.length) !== (meta.field_14 !== undefined)) differs(where, 'Bloom filter', meta.field_14)
      if (meta.field_14 !== undefined) checkBloom(bytes, meta, rows, where)
    })
    first += rowsOfGroup
  }
  if (first !== columns[0].rows.length) differs(name, 'row groups have', first, 'rows')
}

function checkBloom(bytes, meta, rows, where) {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: Number(meta.field_14) }
  const filter = readBloomFilter(reader)
  if (filter === undefined) return differs(where, 'has a Bloom filter that cannot be read')
  if (reader.offset - Number(meta.field_14) !== meta.field_15) differs(where, 'Bloom filter of another length')
  ++seen.blooms
  for (const address of new Set(rows.filter(raw => raw !== null).map(raw => raw.toString('latin1')))) {
    if (!sbbfContains(filter.blocks, xxhash64(Buffer.from(address, 'latin1')))) return differs(where, 'Bloom filter has not', address)
  }
  let wrong = 0
  for (let i = 0; i < 1000; ++i) wrong += sbbfContains(filter.blocks, xxhash64(Buffer.from(`no address ${String(i).padStart(5)}`)))
  if (wrong > 80) differs(where, 'Bloom filter has', wrong, 'of 1000 that were not added')
}

for (const name of process.argv.slice(2)) {
  const columns = readValues(name.replace(/\.parquet$/, '.values'))
  await withHyparquet(name, columns)
  withParquetWasm(name, columns)
  checkMetadata(name, columns)
  ++seen.files
}
if (seen.files === 0) {
  console.error('usage: node compare.mjs FILE.parquet...')
  process.exit(2)
}
console.log(JSON.stringify(seen))
process.exit(differences > 0 ? 1 : 0)
