/**
 * Bytes that others wrote. Where nothing else is said: by hashicorp/memberlist 0.7.0, a test in whose package encoded
 * the values beside them with its own functions; those of Serf likewise by hashicorp/serf 0.11.0.
 */
import { createHash } from 'node:crypto'
import type { NodeState, PacketMessage, StreamMessage, Versions } from '../../impl/reference/swim/wire/messages.ts'
import type { WireSettings } from '../../impl/reference/swim/wire/envelopes.ts'

const none = Buffer.alloc(0)
const serf4: Versions = { protocol: [1, 5, 2], delegate: [2, 5, 4] }
const oldest: Versions = { protocol: [1, 5, 1], delegate: [2, 5, 4] }
const plain: Versions = { protocol: [1, 5, 2], delegate: [0, 0, 0] }

/** Messages of datagrams without an envelope, as everybody writes them. */
export const messages: Readonly<Record<string, { readonly hex: string; readonly message: PacketMessage }>> = {
  ping: { hex: '0082a44e6f6465a162a55365714e6f01', message: { type: 'ping', sequence: 1, node: 'b', source: null } },
  'ping-source': {
    hex: '0085a44e6f6465a26e32a55365714e6fcd012caa536f7572636541646472a47f000001aa536f757263654e6f6465a26e31aa536f75726365506f7274cd1f0a',
    message: { type: 'ping', sequence: 300, node: 'n2', source: { address: '127.0.0.1:7946', node: 'n1' } },
  },
  'indirect-ping': {
    hex: '0188a44e61636bc3a44e6f6465a26e33a4506f7274cd461aa55365714e6fce00011170aa536f7572636541646472b000000000000000000000000000000001aa536f757263654e6f6465a26e31aa536f75726365506f727450a6546172676574a47f000001',
    message: {
      type: 'indirect-ping',
      sequence: 70_000,
      node: 'n3',
      address: '127.0.0.1:17946',
      nack: true,
      source: { address: '[::1]:80', node: 'n1' },
    },
  },
  ack: {
    hex: '0282a75061796c6f6164c0a55365714e6fceffffffff',
    message: { type: 'ack', sequence: 4_294_967_295, payload: none },
  },
  'ack-payload': {
    hex: '0282a75061796c6f6164a30102ffa55365714e6fcc80',
    message: { type: 'ack', sequence: 128, payload: Buffer.of(1, 2, 255) },
  },
  nack: { hex: '0b81a55365714e6fccff', message: { type: 'nack', sequence: 255 } },
  suspect: {
    hex: '0383a446726f6da26e31ab496e6361726e6174696f6ecd0100a44e6f6465a26e32',
    message: { type: 'suspect', incarnation: 256, node: 'n2', from: 'n1' },
  },
  alive: {
    hex: '0486a441646472a47f000001ab496e6361726e6174696f6ecdffffa44d657461a8726f6c653d776562a44e6f6465a26e32a4506f7274cdffffa356736ea6010502020504',
    message: {
      type: 'alive',
      incarnation: 65_535,
      node: 'n2',
      address: '127.0.0.1:65535',
      meta: Buffer.from('role=web'),
      versions: serf4,
    },
  },
  'alive-bare': {
    hex: '0486a441646472b000000000000000000000000000000001ab496e6361726e6174696f6ece00010000a44d657461c0a44e6f6465a26e32a4506f727401a356736ec0',
    message: { type: 'alive', incarnation: 65_536, node: 'n2', address: '[::1]:1', meta: none, versions: null },
  },
  'alive-long': {
    hex: `0486a441646472a47f000001ab496e6361726e6174696f6e01a44d657461da0200${'ff'.repeat(512)}a44e6f6465da00206e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6ea4506f727401a356736ea6010502020504`,
    message: {
      type: 'alive',
      incarnation: 1,
      node: 'n'.repeat(32),
      address: '127.0.0.1:1',
      meta: Buffer.alloc(512, 255),
      versions: serf4,
    },
  },
  dead: {
    hex: '0583a446726f6da26e32ab496e6361726e6174696f6e02a44e6f6465a26e32',
    message: { type: 'dead', incarnation: 2, node: 'n2', from: 'n2' },
  },
  user: { hex: '0868656c6c6f', message: { type: 'user', bytes: Buffer.from('hello') } },
}

/** The same, as only some write them: an IPv4 address of 16 bytes, a payload that is empty instead of none. */
export const otherwise: typeof messages = {
  'indirect-ping-plain': {
    hex: '0185a44e61636bc2a44e6f6465a26e33a4506f7274cc80a55365714e6f7fa6546172676574b000000000000000000000ffff7f000002',
    message: { type: 'indirect-ping', sequence: 127, node: 'n3', address: '127.0.0.2:128', nack: false, source: null },
  },
  'ack-empty-payload': {
    hex: '0282a75061796c6f6164a0a55365714e6f00',
    message: { type: 'ack', sequence: 0, payload: none },
  },
}

export const keys = [Buffer.alloc(16, 1), Buffer.alloc(24, 2), Buffer.alloc(32, 3)] as const
const said = (name: string): PacketMessage => messages[name]!.message

const twelve: PacketMessage[] = Array.from({ length: 12 }, (_, incarnation) => ({
  type: 'suspect',
  incarnation,
  node: 'n2',
  from: 'n1',
}))

interface Envelope {
  readonly hex: string
  readonly messages: readonly PacketMessage[]
  readonly settings: Partial<WireSettings>
  readonly checksum: boolean
}

/** Datagrams in envelopes. */
export const envelopes: Readonly<Record<string, Envelope>> = {
  compound: {
    hex: '0704001000210044001f0082a44e6f6465a162a55365714e6f010383a446726f6da26e31ab496e6361726e6174696f6ecd0100a44e6f6465a26e320486a441646472a47f000001ab496e6361726e6174696f6ecdffffa44d657461a8726f6c653d776562a44e6f6465a26e32a4506f7274cdffffa356736ea60105020205040583a446726f6da26e32ab496e6361726e6174696f6e02a44e6f6465a26e32',
    messages: ['ping', 'suspect', 'alive', 'dead'].map(said),
    settings: {},
    checksum: false,
  },
  compressed: {
    hex: '0982a4416c676f00a3427566da00aa000f3000f081a0c182080f2a44386010292372deb411e526c6aa246ec68491e3260c9d346fdc0020e5e40d99321465347c187162c58b193776fc183200499328dda874085122458b183572f408d28d809b2753aeece91268cca134dd0c409a73274b9f2f83ca241a920055a53c5bfe84297466d1025f752e159bf5a9d99006d25a653a562bd4a207e4aec5eab42c573708f486e54b766bd40482af362d7c37a482c474dbfa8dba406e40',
    messages: twelve,
    settings: { compress: true },
    checksum: false,
  },
  'crc-compressed': {
    hex: '0c3f9432e10982a4416c676f00a3427566da00aa000f3000f081a0c182080f2a44386010292372deb411e526c6aa246ec68491e3260c9d346fdc0020e5e40d99321465347c187162c58b193776fc183200499328dda874085122458b183572f408d28d809b2753aeece91268cca134dd0c409a73274b9f2f83ca241a920055a53c5bfe84297466d1025f752e159bf5a9d99006d25a653a562bd4a207e4aec5eab42c573708f486e54b766bd40482af362d7c37a482c474dbfa8dba406e40',
    messages: twelve,
    settings: { compress: true },
    checksum: true,
  },
  crc: { hex: '0c04c039bb0082a44e6f6465a162a55365714e6f01', messages: [said('ping')], settings: {}, checksum: true },
  label: {
    hex: 'f404626c75650082a44e6f6465a162a55365714e6f01',
    messages: [said('ping')],
    settings: { label: 'blue' },
    checksum: false,
  },
  'encrypted-v0-key1': {
    hex: '004dd756594b3a0df8bcb8d1bd9f91c5a9a31170a0ec3c2130dfab16a06689d12c46e28eac67d50b0de9c0ba2dc1e57281f384cfb58ca55e64429d105ecc6648bb642e9ceedc4c90f0d0b67655',
    messages: [said('suspect')],
    settings: { keys: [keys[0]], encryptionVersion: 0 },
    checksum: true,
  },
  'encrypted-v1-key1': {
    hex: '01c53fe9df336f505df37d1ff708d48f9f3ef3412556a02c7f64f05f135dd4d68ca8108169fb374a0f260018be3e76c8d73247232c3706b70a5b3de4442c4dbb34a931',
    messages: [said('suspect')],
    settings: { keys: [keys[0]], encryptionVersion: 1 },
    checksum: true,
  },
  'encrypted-v0-key2': {
    hex: '00f92ae596e02203a904581f8d8a61f037f6c6bb43faff77fd9eb597716ea2e8660d6fe2c5d06406d5566226d75162fb63dd7d3f93d89b73c31377180d0c88e7c6ba7cadc7cd6f898e9b9170fe',
    messages: [said('suspect')],
    settings: { keys: [keys[1]], encryptionVersion: 0 },
    checksum: true,
  },
  'encrypted-v1-key2': {
    hex: '016388f26daf95fad15dfe568ee8a29c61967c04d513dc82e0d04b9a910eccdeca5bc50caec4f34100173f45b7dfbf239fbe91605a35d4cfba539f2b7ec95cb1178561',
    messages: [said('suspect')],
    settings: { keys: [keys[1]], encryptionVersion: 1 },
    checksum: true,
  },
  'encrypted-v0-key3': {
    hex: '00d0c3a09df21d35231d132b6930e9630436c74c813097ce9e8738de33faf279dddd3c94502eca221c064dcd0f90df0b34b7eec5ab2ae720eb16f1847768f1734f17b5c1b7d2f28d07588aef7e',
    messages: [said('suspect')],
    settings: { keys: [keys[2]], encryptionVersion: 0 },
    checksum: true,
  },
  'encrypted-v1-key3': {
    hex: '0194d43104d0691816bf39a46c859a3d2eaab4b5259a4ebdad6e7da8ef2e148c730855bf577c1fb3303a9ea813d1e308f35cb4d00bd43adda7d9d935e796f226c8b828',
    messages: [said('suspect')],
    settings: { keys: [keys[2]], encryptionVersion: 1 },
    checksum: true,
  },
  'encrypted-label': {
    hex: 'f404626c756501dcfbf331d8205896c9bb9d2f646ccd102687e0ee094b1bb780846fd3ac2d0a631ae6f6f3c18a8763d3f5498a',
    messages: [said('ping')],
    settings: { label: 'blue', keys: [keys[0]] },
    checksum: false,
  },
}

const member = (node: string, status: NodeState['status'], more: Partial<NodeState>): NodeState => ({
  node,
  status,
  incarnation: 1,
  address: '',
  meta: none,
  versions: plain,
  ...more,
})
/** A table: a member itself, one that it suspects, one that it holds for dead, one that left. The first one's port was any that was free. */
const table = (port: number, join: boolean, user: string, versions = serf4): StreamMessage => ({
  type: 'push-pull',
  join,
  members: [
    member('n1', 'alive', { address: `127.0.0.1:${port}`, meta: Buffer.from('role=web'), versions }),
    member('n2', 'suspect', { address: '127.0.0.1:17947', incarnation: 7 }),
    member('n3', 'dead', { address: '[::1]:9', incarnation: 300, meta: Buffer.from('x') }),
    member('n4', 'left', { address: '127.0.0.1:17949' }),
  ],
  user: Buffer.from(user),
})

interface Stream {
  readonly hex: string
  readonly message: StreamMessage
  readonly settings: Partial<WireSettings>
}

/** What the function that sends a table wrote into a pipe. */
export const streams: Readonly<Record<string, Stream>> = {
  'push-pull': {
    hex: '0683a44a6f696ec2a54e6f64657304ac5573657253746174654c656e0087a441646472a47f000001ab496e6361726e6174696f6e01a44d657461a8726f6c653d776562a44e616d65a26e31a4506f7274cd9d67a5537461746500a356736ea601050202050487a441646472a47f000001ab496e6361726e6174696f6e07a44d657461c0a44e616d65a26e32a4506f7274cd461ba5537461746501a356736ea601050200000087a441646472b000000000000000000000000000000001ab496e6361726e6174696f6ecd012ca44d657461a178a44e616d65a26e33a4506f727409a5537461746502a356736ea601050200000087a441646472a47f000001ab496e6361726e6174696f6e01a44d657461c0a44e616d65a26e34a4506f7274cd461da5537461746503a356736ea6010502000000',
    message: table(40295, false, ''),
    settings: {},
  },
  'push-pull-user': {
    hex: '0683a44a6f696ec3a54e6f64657304ac5573657253746174654c656e0a87a441646472a47f000001ab496e6361726e6174696f6e01a44d657461a8726f6c653d776562a44e616d65a26e31a4506f7274cd9eb3a5537461746500a356736ea601050202050487a441646472a47f000001ab496e6361726e6174696f6e07a44d657461c0a44e616d65a26e32a4506f7274cd461ba5537461746501a356736ea601050200000087a441646472b000000000000000000000000000000001ab496e6361726e6174696f6ecd012ca44d657461a178a44e616d65a26e33a4506f727409a5537461746502a356736ea601050200000087a441646472a47f000001ab496e6361726e6174696f6e01a44d657461c0a44e616d65a26e34a4506f7274cd461da5537461746503a356736ea601050200000075736572207374617465',
    message: table(40627, true, 'user state'),
    settings: {},
  },
  'push-pull-compressed': {
    hex: '0982a4416c676f00a3427566da00e8000d0c22a5e44d1a37c34a397943a6cc1c02acaacc2923670a9d3074ca3029e346c1215241c8909143ea0f00000156257133268c1c3718d3bc7113805493321751c979c3a64c8f3b65c4907212a64d19516e629082f2460e9d668eb695b288b10c805156e6b83115a080000105087c0c39b2e4c9942b5bbe8c39f3804d9c61800d2d7ad48d8ca54d9f1ad930f562c60058b572f57a12c058917260155eccb8305a962e61d291e9a65900166f2f86c233d728d219789d26e85b5540e0ad5d05143e5cd6244a9590d74e9e59f3e645b9443dbba1115a6f07d219079c1eacfa649d897240ccf15b2620',
    message: table(36571, true, 'user state'),
    settings: { compress: true },
  },
  'push-pull-encrypted': {
    hex: '0a0000011401692b32bef9e8bc965c544224a742a552d75cccead7861654f70f38b18634c7ace11bc702ecb9aa15dd316ad29a4a166b8d9ffcd19b189280d01b0b3775deb988829cc658bca17a2466addb470614c34e3389e00fb60116a2657380cac7c8f2865f7fec6e1a1c0fe9235b3eb8767eaa85d4aebc8426950cedf0c97ea447961e52be368dbdaab516a77fd09fb735da46ba785abdf233587e693c49e6e4d8d41c835828e84341f9282d1a85629e53fa98400925b215d730e0b446beb5583a7fe3140d1c3a007f257f9da0e37d3c8c609cafbe5b4ca5d5e1be7a972aa114225d3c8994d0ecf04a8e196cc28690f230c338c1f085b0fcb622bbafcd3337a4d9766c49d796b85b299ff2cf4b2499caa82e9c539b80e1',
    message: table(43911, true, 'user state'),
    settings: { compress: true, keys: [keys[0]] },
  },
  'push-pull-encrypted-label': {
    hex: 'f404626c75650a0000010c01cb29e99f399f90aa726c6c6eb75e761007efaa162ca124a6cb2a50f8feb7b109576851c73c523381bbf4463067c5c8041663798e372a9b56000d5b93f5cb797d1e694b236b2726a3fa5e06e9bcc79c8aae7605e97f3031761ac6c4c71effb75aee7396b0fc3e1240e3d59f851e85d61ec890fb22c43822273c706014a73bbf95ae88fe9024f31227a6e326fb986fb264d37d859188b09fdec40cf29a3729a5d6574a0695a2e93b36f2ace448939319043ea0beee0ac21027cfdf14868f0aca826431d6f160f1d8d8e0c9b92d21658e85f23df5bcad1888ef7eea5f5afe9847a29be52974f02eab2835b6cbf340a5d192d5a1f218e0f213d7ee6a833171ee84c6eba415901e4f524e25d3c3',
    message: table(34327, false, ''),
    settings: { compress: true, keys: [keys[2]], label: 'blue' },
  },
  'push-pull-encrypted-v0': {
    hex: '0a0000011d001d23255ec03b81ded9df26d6865645a41b6cda654098006ba026c40985fb05bf7ec46a8dc8bbc9b2bcefebf0f40e3f944476e9ad32c4fc1fc2841d2b7b2be25aad7ced4c01833b2d9f6cb215ae41cf56de35f8d2958a4338ed980025e8f5af2657904e16a6551e2970f0f8e74f636516bbfed0123852997e77ee6872474235f9f739e13e2aaca385553d31c31813f9dfc23f96ac541d20756a8e6d783d8f5047184a1531aa8b36d0fc43c675010b2d88af0ae1bffaeceff9bd9dffc6ac197006f906a9ebce14baf318c3f4e767e2d2a41367a15d6c23f4e1a014b42e733e3bf07e5457c698e041007b396970e62d11f6bc353a5a7a4a38476552b22091848dacc08819f8549a3f9f20842e4d2d0d72d9d5bc71e1f0affcc62ca1f9ab',
    message: table(34745, false, '', oldest),
    settings: { compress: true, keys: [keys[1]], encryptionVersion: 0 },
  },
}

export const errorStream = {
  hex: '0d81a54572726f72da002b6e6f20696e7374616c6c6564206b65797320636f756c64206465637279707420746865206d657373616765',
  message: { type: 'error', text: 'no installed keys could decrypt the message' } as StreamMessage,
}

/** Texts, and what Go's compress/lzw makes of them. */
export const compressed: readonly (readonly [text: string, hex: string])[] = [
  ['', '000302'],
  ['a', '00c30404'],
  ['a'.repeat(100), '00c3081c48b0a0c18308132a5cc8b061c280'],
  [
    'to be or not to be that is the question '.repeat(20),
    '00e9bc0121a60c88377240b879430784408206e9a009d330cd1c87680cc6a953660e9d346fdc381c58f060c2850d1f9694481184458c1a397a042952a541840a198e8488b1e54b89313b7e0cb9b3244e9445234eac781128888d4269263599332549a53e9b667c2a7368cdab5491daecc91426d7a844c71ed539966559a75067a605bbd62a4fb72eb50695fb9567dda9787f6e8deb75eadfb64bf39a252c55ed49b66003eb3dcbd7f063bb2b130bde5bd87155c09a27339eebf732e8ac8bbb36a66b1a316ab8aa491b6d1d39746ab47d677f76fd7670ecdc3769dfb50d1bb7e5ddb55ffb36ee596cf2de9ca50604',
  ],
]

/** Bytes that fill the table several times; the digest is of what Go's compress/lzw makes of 20,000 of them. */
export const noise = (length: number): Buffer => {
  let state = 1
  const next = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16
  return Buffer.from(Array.from({ length }, next))
}
export const noiseDigest = 'a777aac29df15a922651dc478673f4c5c2f13761dd51672df2f35763e9e1cb27'
export const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const serfBytes = {
  tags: 'ff81a4726f6c65a3776562',
  join: '0182a54c54696d65cd012ca44e6f6465a26e31',
  leave: '0083a54c54696d65cf0000000100000000a44e6f6465a26e31a55072756e65c2',
  state:
    '0286aa4576656e744c54696d6502a64576656e747392c082a64576656e74739182a44e616d65a66465706c6f79a75061796c6f6164a101a54c54696d6501a54c54696d6505ab4c6566744d656d6265727391a26e33aa51756572794c54696d6507ac5374617475734c54696d657381a26e3104',
  emptyState:
    '0286aa4576656e744c54696d6501a64576656e747390a54c54696d6501ab4c6566744d656d6265727390aa51756572794c54696d6501ac5374617475734c54696d657380',
}

/** What Debian's `serf agent` 0.9.4 sent to a member that joined it, and then fell silent. */
export const captured = {
  table:
    '0982a4416c676f00a3427566da0103000d0c22a5e44d1a37c34a397943a6cc1c01acaacc2923670a9d3074ca3029e3a69900278748052143460ea93f0000085895c4cd983072dc604cf3c64d00524dca5c5cf52f1029396fd8941975a78c18524ec2b429236a8e0c5250dec8a1d3cc8886521631960130caca1c37a602141020a0408190234b9e4c1980a54b9832e9d0b4895367189e3e810a256a14a952a6736240954ad52ad68b19b97a052b96ac5901865415b1c3910e132a6996063035b9f21c6e0200001b4dbab4e9d3a853ab5ecdbab5ebd7b063cb9e4dbbb6eddbb873ebdecdbbb7efdfc06397ba9cb9ccca8d66e8e46c2386e21c48aaa2d4a19887b8665659e9d49963dda1a0a631003495112020',
  aliveAndJoin:
    '0c8f9e16e50702003a00120486a441646472a47f000009ab496e6361726e6174696f6e01a44d657461c0a44e6f6465a27573a4506f7274cd464fa356736ea6010502020505080182a54c54696d6502a44e6f6465a27331',
  pingAndSuspect:
    '0c0b01e0b10702003d001f0085a44e6f6465a27573a55365714e6f06aa536f7572636541646472a47f000001aa536f757263654e6f6465a27331aa536f75726365506f7274cd461a0383a446726f6da27331ab496e6361726e6174696f6e01a44e6f6465a27573',
  dead: '0cc3f4bcd30583a446726f6da27331ab496e6361726e6174696f6e01a44e6f6465a27573',
  streamPing:
    '0982a4416c676f00a3427566da003c00011422e5e40d9932a2eacc2935a54c9c8204544d795347ce983241c8909143ea0f0000012452b458a6e04151736288ac7811ca1b39749a19d11010',
}
