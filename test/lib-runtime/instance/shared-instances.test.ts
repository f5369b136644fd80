import { sharedInstance } from '../../../lib-runtime/instance/shared-instances';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';

beforeEach(() => freshRuntime());

test('one instance for each logical database', async () => {
  const [one, again, other] = await Promise.all([sharedInstance(), sharedInstance('default'), sharedInstance('other')]);
  expect(one).toBe(again);
  expect(one).not.toBe(other);
});

test('a broken one is dropped and closed: the next callers share a new one', async () => {
  const broken = await sharedInstance();
  broken.markBroken();
  const [one, two] = await Promise.all([sharedInstance(), sharedInstance()]);
  expect(one).toBe(two);
  expect(one).not.toBe(broken);
  expect(await rejection(broken.connect('cursor'))).toMatchObject({ code: 'CLOSED' });
});
