/** Bounds of the adapter protocol: what an adapter sends beyond them is refused. */
export const limits = {
  /** Characters of a node's name. */
  nodeId: 64,
  /** Characters of a name, version, profile, digest, file, address, reason or request identifier. */
  word: 256,
  /** Characters of a key of the key-value store. */
  key: 256,
  /** Characters of a value of the key-value store, and of what a member tells of itself. */
  value: 4_096,
  /** Characters of an error's text. */
  text: 16_384,
  /** Nodes of a run, and members of a configuration. */
  nodes: 64,
  /** Profiles, surfaces and operations of a `hello`. */
  claims: 64,
  /** Entries of a message, a log delta or an inspection. */
  entries: 100_000,
  /** Updates of one message: what SWIM gossips. */
  updates: 4_096,
  /** Records of a message, a table's changes or an inspection. */
  records: 4_096,
  /** Inputs of one request. */
  inputs: 4_096,
  /** Outputs of one answer. */
  outputs: 65_536,
  /** Identifiers in `keep`, `writes` and `forget`. */
  ids: 1_000_000,
  /** Keys of the key-value store. */
  keys: 100_000,
  /** Bytes of one line. */
  line: 16_777_216,
  /** Bytes on standard error between two answers. */
  stderr: 67_108_864,
} as const
