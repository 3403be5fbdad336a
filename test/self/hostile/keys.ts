/** `node keys.js ADDRESS install|use|remove KEY`: changes the keyring of one that `swarmcheck serve swim` runs. */
const [address = '', operation = '', key = ''] = process.argv.slice(2)
const response = await fetch(`http://${address}/keys/${operation}`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ key }),
})
if (!response.ok) {
  console.error(`${response.status}: ${await response.text()}`)
  process.exitCode = 1
}
