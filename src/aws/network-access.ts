import { Annotations, Reference, Token, Tokenization } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';

/**
 * Whether the function's security group is left to this library. CDK would let all traffic out of it; it gets what the function needs.
 *
 * Security groups of the user's, and what they say of `allowAllOutbound`, stay as they are.
 */
export function ownsSecurityGroup({ vpc, securityGroups, allowAllOutbound }: lambda.FunctionOptions): boolean {
  return vpc !== undefined && !securityGroups?.length && allowAllOutbound === undefined;
}

/** Lets a function reach a port of any host, by IPv6 too where its subnets are dual-stack and not all of that is open. */
export function allowToAnyHost(fn: lambda.Function, options: lambda.FunctionOptions, port: ec2.Port, description: string): void {
  fn.connections.allowTo(ec2.Peer.anyIpv4(), port, description);
  if (options.ipv6AllowedForDualStack && !options.allowAllIpv6Outbound) fn.connections.allowTo(ec2.Peer.anyIpv6(), port, description);
}

/**
 * Lets a function reach a port of what has security groups of its own, and warns of the rules that these do not take.
 *
 * The rules lie in the function's stack: in the other's they would make the stacks depend on each other.
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
      `security groups that are imported as immutable take no rules, and CDK leaves them out; for ${host.node.path} add: ${missing.join('; ')}`);
  }
}

/** Warns where the security groups are known to be of different VPCs: which of them are peered is not known. */
function warnOfOtherVpc(host: ec2.IConnectable & IConstruct, other: ec2.IConnectable): void {
  const [ours, theirs] = [host, other].map(({ connections }) => connections.securityGroups.flatMap((group) => vpcOf(group) ?? []));
  if (ours.length === 0 || theirs.length === 0 || theirs.some((vpc) => ours.includes(vpc))) return;
  Annotations.of(host).addWarningV2('cdk-duckdb-lambda:otherVpc', `${host.node.path} is in the VPC ${ours[0]}, and what it is to reach in ${theirs[0]}: `
    + 'give it the other\'s, as in vpc: db.vpc, unless the two are peered and route to each other');
}

/** A VPC by its id, or by its path where it is part of the app; undefined where a security group does not tell. */
function vpcOf(group: ec2.ISecurityGroup): string | undefined {
  const { defaultChild } = group.node;
  if (!(defaultChild instanceof ec2.CfnSecurityGroup) || defaultChild.vpcId === undefined) return undefined;
  if (!Token.isUnresolved(defaultChild.vpcId)) return defaultChild.vpcId;
  const token = Tokenization.reverse(defaultChild.vpcId);
  return Reference.isReference(token) && token.target instanceof ec2.CfnVPC ? token.target.node.path : undefined;
}

/** Rules between security groups are constructs below one of them. */
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

/** CDK makes one rule between two groups for all ports that it does not know. */
function isFor(port: ec2.Port, { fromPort }: { fromPort?: number }): boolean {
  const wanted = port.toRuleJson().fromPort;
  return fromPort === wanted || (Token.isUnresolved(fromPort) && Token.isUnresolved(wanted));
}

function name(group: ec2.ISecurityGroup): string {
  return Token.isUnresolved(group.securityGroupId) ? group.node.path : group.securityGroupId;
}
