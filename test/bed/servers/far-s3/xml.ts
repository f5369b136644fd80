const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };

export function escaped(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => ENTITIES[character]!);
}

/** The texts of all elements of a name, in a document as clients of S3 send it. */
export function textsOf(name: string, document: string): string[] {
  return [...document.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => unescaped(text!));
}

function unescaped(text: string): string {
  return text
    .replace(/&#(x?)([\da-f]+);/gi, (_, hexadecimal, digits) => String.fromCodePoint(parseInt(digits, hexadecimal ? 16 : 10)))
    .replace(/&(lt|gt|quot|apos);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"', apos: '\'' })[name]!)
    .replaceAll('&amp;', '&');
}
