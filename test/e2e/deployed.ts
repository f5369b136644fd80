/** What CloudFormation would make of the references that a policy of imported resources holds. */
export function deployed(value: any): any {
  if (Array.isArray(value)) return value.map(deployed);
  if (typeof value !== 'object' || value === null) return value;
  if (value.Ref === 'AWS::Partition') return 'aws';
  if (value['Fn::Join']) return value['Fn::Join'][1].map(deployed).join(value['Fn::Join'][0]);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deployed(each)]));
}
