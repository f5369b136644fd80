// Leaves out of the reference what classes repeat: inherited members, the constructors of errors, and what makes `instanceof` work across copies of the package.
import { Converter, ReflectionKind } from 'typedoc';

export function load({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const member of project.getReflectionsByKind(ReflectionKind.ClassMember)) {
      const isRepeated = member.inheritedFrom || (member.kindOf(ReflectionKind.Constructor) && member.overwrites);
      if (isRepeated || member.name === '[hasInstance]') project.removeReflection(member);
    }
  });
}
