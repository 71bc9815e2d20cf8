import { status } from '@grpc/grpc-js'
import { RpcError, turns } from '@quartet/rpc'

/** The longer side of a thumbnail, in pixels. */
const side = 256
/** What is read of a picture, and what it may unfold to: a few kilobytes can hold billions of pixels. */
const maxBytes = 32 * 1024 * 1024
const maxPixels = 50_000_000
const maxSeconds = 10

/** Pictures that unfold at once in this process: each can take maxBytes and four bytes for each of maxPixels. */
const inTurn = turns({ atOnce: 2, maxWaiting: Infinity })

/** What a thumbnail is. */
export const thumbnailType = 'image/webp'

/**
 * Makes a small picture of a picture (JPEG, PNG, WebP, GIF, AVIF), upright and of the same shape.
 *
 * @param size of the picture's file, in bytes.
 * @throws RpcError FAILED_PRECONDITION PICTURE_TOO_LARGE, NOT_A_PICTURE; the reason of `signal`.
 */
export const thumbnail = async (
  pieces: AsyncIterable<Buffer>,
  size: number,
  signal: AbortSignal,
): Promise<Buffer> => {
  if (size > maxBytes) throw tooLarge()
  return inTurn(async () => {
    const bytes = await Array.fromAsync(pieces)
    const sharp = await loadSharp()
    try {
      return await sharp(Buffer.concat(bytes), { limitInputPixels: maxPixels })
        .timeout({ seconds: maxSeconds })
        .autoOrient()
        .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
        .webp()
        .toBuffer()
    } catch (cause) {
      if (/pixel limit|timeout/.test((cause as Error).message)) throw tooLarge()
      throw new RpcError(status.FAILED_PRECONDITION, 'NOT_A_PICTURE', {}, { cause })
    }
  }, signal)
}

const tooLarge = () =>
  new RpcError(status.FAILED_PRECONDITION, 'PICTURE_TOO_LARGE', {
    maxBytes: String(maxBytes),
    maxPixels: String(maxPixels),
  })

/** Loaded when it is first needed: a native library that most processes can do without. */
const loadSharp = async () => {
  const { default: sharp } = await import('sharp')
  sharp.cache(false)
  sharp.concurrency(1)
  // It reads many more formats, some of them programs rather than pictures.
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({
    operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((name) => `VipsForeignLoad${name}`),
  })
  return sharp
}
