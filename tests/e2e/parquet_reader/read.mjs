// Reads Parquet files with hyparquet and prints what is in them as one JSON object, summed over all files:
//   rows      how many
//   columns   per file, in its order: name, physical and logical type
//   values    per column: how many are not null; sums of whole numbers; smallest and largest value (numbers and times as
//             decimal text, times in microseconds, addresses as the 32 hexadecimal digits of their bytes)
// Usage: node read.mjs FILE.parquet...
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

const parsers = {
  timestampFromMicroseconds: micros => micros,
  uuidFromBytes: bytes => bytes && Array.from(bytes, b => b.toString(16).padStart(2, '0')).join(''),
}

function describe({ name, type, type_length, converted_type, logical_type }) {
  const column = { name, physical: type }
  if (type_length) column.length = type_length
  if (converted_type) column.converted = converted_type
  if (logical_type) {
    column.logical = logical_type.type
    if (logical_type.unit) column.unit = logical_type.unit
    if (logical_type.type === 'INTEGER') column.logical = `${logical_type.isSigned ? 'INT' : 'UINT'}_${logical_type.bitWidth}`
  }
  return column
}

function account(total, value) {
  if (value === null || value === undefined) return
  if (typeof value === 'number') value = BigInt(value)
  total.count += 1
  if (typeof value === 'bigint') total.sum = (total.sum ?? 0n) + value
  if (total.min === undefined || value < total.min) total.min = value
  if (total.max === undefined || value > total.max) total.max = value
}

const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('usage: node read.mjs FILE.parquet...')
  process.exit(2)
}
const result = { files: files.length, rows: 0, columns: [], values: {} }
for (const name of files) {
  const file = await asyncBufferFromFile(name)
  const metadata = await parquetMetadataAsync(file)
  const columns = metadata.schema.slice(1).map(describe)
  result.columns.push(columns)
  result.rows += Number(metadata.num_rows)
  for (const column of columns) {
    const total = result.values[column.name] ??= { count: 0 }
    await parquetRead({
      file, metadata, compressors, parsers, columns: [column.name],
      onComplete: rows => { for (const [value] of rows) account(total, value) },
    })
  }
}
console.log(JSON.stringify(result, (_, value) => typeof value === 'bigint' ? value.toString() : value))
