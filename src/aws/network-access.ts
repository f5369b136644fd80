import { Annotations, Reference, Token, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';

/**
 * Whether this library manages the function's security group. CDK would allow all outbound traffic; the library allows only what the function needs.
 *
 * The user's own security groups, and an explicit `allowAllOutbound`, stay as they are.
 */
export function ownsSecurityGroup({ vpc, securityGroups, allowAllOutbound }: lambda.FunctionOptions): boolean {
  return vpc !== undefined && !securityGroups?.length && allowAllOutbound === undefined;
}

/** Lets a function reach a port of any host. This includes IPv6 if its subnets are dual-stack and IPv6 is not already open. */
export function allowToAnyHost(fn: lambda.Function, options: lambda.FunctionOptions, port: ec2.Port, description: string): void {
  fn.connections.allowTo(ec2.Peer.anyIpv4(), port, description);
  if (options.ipv6AllowedForDualStack && !options.allowAllIpv6Outbound) fn.connections.allowTo(ec2.Peer.anyIpv6(), port, description);
}

/**
 * Lets a function reach a port of a resource with security groups, and warns of rules that immutable security groups do not accept.
 *
 * The rules belong to the function's stack. In the other stack, they would make the two stacks depend on each other.
 */
export function allowTo(host: ec2.IConnectable & IConstruct, other: ec2.IConnectable, port: ec2.Port, description: string): void {
  host.connections.allowTo(other, port, description);
  warnOfOtherVpc(host, other);
  const what = Token.isUnresolved(port.toRuleJson().fromPort) ? 'the database\'s port' : `TCP ${port}`;
  const missing = host.connections.securityGroups.flatMap((ours) => other.connections.securityGroups.flatMap((theirs) => [
    ...(ours.allowAllOutbound || hasEgress(ours, theirs, port) ? [] : [`outbound of ${name(ours)}: ${what} to ${name(theirs)}`]),
    ...(hasIngress(theirs, ours, port) ? [] : [`inbound of ${name(theirs)}: ${what} from ${name(ours)}`]),
  ]));
  if (missing.length > 0) {
    Annotations.of(host).addWarningV2('cdk-duckdb-lambda:immutableSecurityGroup',
      `security groups that are imported as immutable do not accept rules, and CDK leaves the rules out; for ${host.node.path} add: ${missing.join('; ')}`);
  }
}

/** Warns if the security groups are known to belong to different VPCs. It cannot know which VPCs are peered. */
function warnOfOtherVpc(host: ec2.IConnectable & IConstruct, other: ec2.IConnectable): void {
  const [ours, theirs] = [host, other].map(({ connections }) => connections.securityGroups.flatMap((group) => vpcOf(group) ?? []));
  if (ours.length === 0 || theirs.length === 0 || theirs.some((vpc) => ours.includes(vpc))) return;
  Annotations.of(host).addWarningV2('cdk-duckdb-lambda:otherVpc', `${host.node.path} is in the VPC ${ours[0]}, but the database is in ${theirs[0]}: `
    + 'give the function the database\'s VPC, as in vpc: db.vpc, or acknowledge this warning if the two are peered and route to each other');
}

/** A VPC by its id, or by its path if it is part of the app; undefined if the security group does not say. */
function vpcOf(group: ec2.ISecurityGroup): string | undefined {
  const { defaultChild } = group.node;
  if (!(defaultChild instanceof ec2.CfnSecurityGroup) || defaultChild.vpcId === undefined) return undefined;
  if (!Token.isUnresolved(defaultChild.vpcId)) return defaultChild.vpcId;
  const token = Tokenization.reverse(defaultChild.vpcId);
  return Reference.isReference(token) && token.target instanceof ec2.CfnVPC ? token.target.node.path : undefined;
}

/** CDK makes rules between security groups as constructs below one of them. */
function hasEgress(from: ec2.ISecurityGroup, to: ec2.ISecurityGroup, port: ec2.Port): boolean {
  return rules(from, to).some((rule) => rule instanceof ec2.CfnSecurityGroupEgress
    && rule.groupId === from.securityGroupId && rule.destinationSecurityGroupId === to.securityGroupId && isFor(port, rule));
}

function hasIngress(to: ec2.ISecurityGroup, from: ec2.ISecurityGroup, port: ec2.Port): boolean {
  return rules(from, to).some((rule) => rule instanceof ec2.CfnSecurityGroupIngress
    && rule.groupId === to.securityGroupId && rule.sourceSecurityGroupId === from.securityGroupId && isFor(port, rule));
}

function rules(...groups: ec2.ISecurityGroup[]) {
  return groups.flatMap(({ node }) => node.children);
}

/** CDK makes a single rule between two groups for all ports that are tokens. */
function isFor(port: ec2.Port, { fromPort }: { fromPort?: number }): boolean {
  const wanted = port.toRuleJson().fromPort;
  return fromPort === wanted || (Token.isUnresolved(fromPort) && Token.isUnresolved(wanted));
}

function name(group: ec2.ISecurityGroup): string {
  return Token.isUnresolved(group.securityGroupId) ? group.node.path : group.securityGroupId;
}
