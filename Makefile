# Skep's commands. Each is a script that can be read and run by itself.
.DEFAULT_GOAL := help
.PHONY: help up down build test acceptance stacks deb bench format lint clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## three virtual machines with a ready cluster on them; prints the dashboard's address and login
	@packaging/host-packages build lab
	@packaging/build-debs
	@Tests/Lab/lab up 3
	@Tests/Lab/bring-up

down: ## removes the virtual machines
	@Tests/Lab/lab down

build: ## everything, for debugging
	@packaging/host-packages build
	swift build

test: ## all tests that need no virtual machine
	@packaging/host-packages build test
	@Tests/run

acceptance: ## the tests in virtual machines
	@packaging/host-packages build lab
	@packaging/build-debs
	@Tests/Lab/acceptance

stacks: ## the stacks of both kinds of cluster in virtual machines, and deployments that are hurt
	@packaging/host-packages build lab
	@packaging/build-debs
	@Tests/Lab/stacks

deb: ## dist/*.deb
	@packaging/host-packages build deb
	@packaging/build-debs

bench: ## the figures of docs/benchmarks.md
	@packaging/host-packages build test deb
	@Tests/bench

format: ## formats the sources in place
	swift format -i -r Sources Tests Package.swift

lint: ## checks the sources' format
	swift format lint --strict -r Sources Tests Package.swift

clean: ## removes what was built, and nothing else
	rm -rf .build .build-agent .build-release .build-agent-release .build-deb dist
