/** A chat message of some 700 bytes; every one that is sent differs from the one before. */
export const message = (sequence: number) => ({
  message: {
    id: '0190f3a2-7c1e-7b8a-9d2f-3e4a5b6c7d8e',
    roomId: '0190f3a2-7c1e-7b8a-9d2f-000000000003',
    sequence: String(sequence),
    senderId: '0190f3a2-7c1e-7b8a-9d2f-000000000001',
    text: 'And what is the use of a book, thought Alice, without pictures or conversations? '.repeat(6),
    clientMessageId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
    createdAt: { seconds: '1767225600', nanos: 0 },
  },
})
