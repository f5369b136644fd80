/** The form in which CDK writes a token into text. */
const TOKEN = /(\$\{Token\[[^\]]*\]\})/;

/**
 * Makes text literal where an IAM policy takes a pattern. Otherwise `*` and `?` would match anything, and `${aws:username}` would be a variable.
 *
 * CDK tokens stay as they are.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
export function iamLiteral(text: string): string {
  return text.split(TOKEN).map((part) => (TOKEN.test(part) ? part : part.replace(/[$*?]/g, '${$&}'))).join('');
}
