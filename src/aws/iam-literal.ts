/** How CDK writes a token into text. */
const TOKEN = /(\$\{Token\[[^\]]*\]\})/;

/**
 * Text that stands for itself where an IAM policy takes a pattern: `*` and `?` would match anything, `${aws:username}` would be a variable.
 *
 * What only a deployment knows stays as it is.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function iamLiteral(text: string): string {
  return text.split(TOKEN).map((part) => (TOKEN.test(part) ? part : part.replace(/[$*?]/g, '${$&}'))).join('');
}
