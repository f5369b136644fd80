import { DuckDbExtension, ExtensionRepository } from '../../src';
import { resolveExtensions } from '../../src/image/extension-names';
import { NAME_CASES } from '../assets/docker/name-cases';

// The same table as the installer's test: what synth accepts is what the image's build bakes.
test.each(NAME_CASES.map((each) => [JSON.stringify(each.asked), each] as const))('%s', (_, { asked, version, official, expected }) => {
  const repository = official ? ExtensionRepository.core() : ExtensionRepository.fromUrl('https://mirror.example.com');
  const extensions = asked.map((text) => (text.startsWith('community:') ? DuckDbExtension.community(text.slice(10)) : DuckDbExtension.core(text)));
  const resolve = () => resolveExtensions(extensions, repository, version)
    .map(({ name, repository: origin }) => (origin === 'core' ? name : `${origin}:${name}`));
  if (expected instanceof RegExp) {
    expect(resolve).toThrow(expected);
  } else {
    expect(resolve()).toEqual(expected);
  }
});
