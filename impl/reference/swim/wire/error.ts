/** What is wrong with bytes, or with what is to become bytes. */
export type WireFault =
  /** They end too early. */
  | 'truncated'
  /** More bytes, values or nodes than the bounds allow, in them or in what they unpack to. */
  | 'too-large'
  /** Messages packed in messages, or values in values, too often. */
  | 'too-deep'
  /** A message of an unknown type, or of one that is not allowed there. */
  | 'type'
  /** No MessagePack. */
  | 'msgpack'
  /** A value that the structure does not allow in that field. */
  | 'field'
  | 'checksum'
  | 'compression'
  /** The label is missing, broken or another one. */
  | 'label'
  /** Not encrypted where it must be, or not with a known key. */
  | 'encryption'

/** The only error that decoding and encoding throw. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly fault: WireFault

  constructor(fault: WireFault, message: string) {
    super(message)
    this.fault = fault
  }
}

/** Bytes that end too early: so many are needed, counted from their beginning, before another try makes sense. */
export class TruncatedError extends WireError {
  readonly needed: number

  constructor(needed: number) {
    super('truncated', `ends before byte ${needed}`)
    this.needed = needed
  }
}
