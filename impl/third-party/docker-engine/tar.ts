/** A tarball of a few files, as an engine imports one. */

export interface TarFile {
  readonly path: string
  readonly mode: number
  readonly content: Uint8Array
}

const block = 512

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`

function headerOf({ path, mode, content }: TarFile): Buffer {
  const header = Buffer.alloc(block)
  header.write(path, 0, 100, 'utf8')
  header.write(octal(mode, 7), 100, 'latin1')
  header.write(octal(0, 7), 108, 'latin1')
  header.write(octal(0, 7), 116, 'latin1')
  header.write(octal(content.length, 11), 124, 'latin1')
  header.write(octal(0, 11), 136, 'latin1')
  // The sum is taken with blanks in its own place.
  header.write('        ', 148, 'latin1')
  header.write('0', 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)} `, 148, 'latin1')
  return header
}

/** Folders are made as the paths need them. */
export function tarOf(files: readonly TarFile[]): Buffer {
  const parts = files.flatMap((file) => {
    const rest = Buffer.alloc((block - (file.content.length % block)) % block)
    return [headerOf(file), Buffer.from(file.content), rest]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}
