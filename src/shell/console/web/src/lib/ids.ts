// Ids of requests. The moment and the random bytes come in from outside.

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A UUID of version 7 from Unix milliseconds and ten random bytes. */
export function uuidV7(unix_ms: number, random: Uint8Array): string {
  const bytes = new Uint8Array(16);
  let rest = Math.floor(unix_ms);
  for (let at = 5; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const text = hex(bytes);
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20),
  ].join('-');
}

/** 128 bits as hexadecimal digits. */
export function nonce(random: Uint8Array): string {
  return hex(random.subarray(0, 16));
}
