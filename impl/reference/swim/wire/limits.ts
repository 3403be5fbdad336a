/** Bounds of what is decoded: what real members send stays far below. */
export const wireLimits = {
  /** Bytes of a datagram. */
  datagram: 65_536,
  /** Bytes that all compressed parts of one datagram may unpack to, together. */
  unpackedDatagram: 262_144,
  /** Envelopes around a message of a datagram: compressions and compounds. */
  envelopes: 4,
  /** Messages and envelopes of a datagram. */
  messages: 4_096,
  /** Bytes on a stream that are compressed or encrypted, and of the user state that follows a table; as memberlist has it. */
  stream: 20 * 1024 * 1024,
  /** Bytes that a message on a stream may unpack to, and bytes of one that is not packed; as memberlist has the former. */
  unpackedStream: 40 * 1024 * 1024,
  /** Members of a table. */
  members: 65_536,
  /** Bytes of one structure of a message, names and meta included. */
  structure: 65_536,
  /** Values of one structure, those in unknown fields included. */
  values: 1_024,
  /** Values in values. */
  depth: 8,
  /** Bytes of what a member tells of itself. */
  meta: 512,
  /** Bytes of a label. */
  label: 255,
} as const
