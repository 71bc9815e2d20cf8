// The last thing that Compose runs before it opens the port.
const edge = `127.0.0.1:${process.env['QUARTET_PORT'] || '8080'}`
console.log(`The services are ready. In a moment: http://${edge}, for gRPC, gRPC-Web and JSON.
Who can sign in:      docker compose run --rm accounts
What can be called:   grpcurl -plaintext ${edge} list`)
